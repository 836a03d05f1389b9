"""What a run on a cluster reports."""

from __future__ import annotations

from zhida.engine.errors import EngineError


class SparkMissing(EngineError):
    def __init__(self) -> None:
        super().__init__(
            "没有安装 Spark；请安装可选组件：pip install 'zhida[spark]'（源码目录里用 make spark）。",
            "Spark is not installed. Install the extra 'zhida[spark]' with pip, or say make spark in a source tree.",
        )


class JavaMissing(EngineError):
    def __init__(self) -> None:
        super().__init__(
            "Spark 需要 Java 17 或更新版本；请安装 Debian 软件包 default-jre-headless，或设置 JAVA_HOME。",
            "Spark needs Java 17 or newer. Install Debian's package default-jre-headless, or set JAVA_HOME.",
        )


class OutputExists(EngineError):
    def __init__(self, folder: str) -> None:
        super().__init__(
            f"{folder} 已存在；请换一个文件夹，或先删除它。",
            f"{folder} exists already. Name another folder, or remove this one first.",
        )


class ClusterFailed(EngineError):
    """Spark gave up; ``reason`` is the last line that names a cause."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Spark 没有完成核算：{reason} 没有写出任何决定；请修正后重新运行。",
            f"Spark did not finish: {reason} No decisions were written; mend this and run again.",
        )
