"""The words of a FEEL text one after another, and the building of trees from them with their checks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from zhida.engine.feel.errors import FeelError
from zhida.engine.feel.tokens import Token, read_tokens
from zhida.engine.feel.tree import KIND_WORDS, NULL, Comparison, Constant, IsUnknown, Logic, Not, Sign, Tree, ValueKind, kind_of, parts_of

DEPTH_MAX = 40
ORDER: dict[str, Sign] = {"<": "<", "<=": "<=", ">": ">", ">=": ">="}
SIGNS: dict[str, Sign] = {"=": "=", "!=": "!=", **ORDER}


class Words:
    """Goes over the words once, from left to right."""

    def __init__(self, text: str, place: str, kinds: Mapping[str, ValueKind]) -> None:
        self.kinds = kinds
        self.place, self.tokens, self.position, self.depth = place, read_tokens(text, place), 0, 0
        # How deep each tree is that was made here, by identity; the trees are kept alive beside it.
        self.depths: dict[int, tuple[int, Tree]] = {}

    # ---- words --------------------------------------------------------------------------------------------------------------------------

    @property
    def token(self) -> Token:
        return self.tokens[self.position]

    def at(self, *written: str) -> bool:
        return self.token.kind in ("sign", "word") and self.token.written in written

    def take(self) -> Token:
        token = self.token
        self.position += 1
        return token

    def took(self, *written: str) -> bool:
        found = self.at(*written)
        self.position += found
        return found

    def expect(self, written: str, zh: str, en: str) -> None:
        if not self.took(written):
            self.refuse(self.token, zh, en)

    def end(self) -> None:
        token = self.token
        if token.kind == "end":
            return
        if token.kind == "name" and self.position and self.tokens[self.position - 1].kind == "name":
            zh, en = "名称里不能有空格；请用下划线 _ 连接", "a name cannot hold spaces. Join its words with _"
            self.refuse(token, zh, en)
        self.refuse(
            token,
            f"这里不该有“{token.written[:40]}”；请删去，或用 and、or 连接",
            f"'{token.written[:40]}' was not expected. Take it out, or join with and, or",
        )

    def refuse(self, token: Token, zh: str, en: str) -> NoReturn:
        raise FeelError(self.place, token.column, zh, en)

    # ---- building -----------------------------------------------------------------------------------------------------------------------

    def inside(self, subject: Tree, low: Tree, high: Tree, closed_low: bool, closed_high: bool, token: Token) -> Tree:
        above = self.compared(">=" if closed_low else ">", subject, low, token)
        below = self.compared("<=" if closed_high else "<", subject, high, token)
        return self.made(Logic("and", (above, below)), token)

    def compared(self, sign: Sign, left: Tree, right: Tree, token: Token) -> Tree:
        if NULL in (left, right):
            return self.asked(sign, left if right == NULL else right, token)
        kind = self.same(left, right, token, sign)
        if sign in ORDER and kind in ("text", "bool"):
            zh, en = KIND_WORDS[kind]
            self.refuse(token, f"{zh}没有大小，不能用 {sign}；请用 = 或 in", f"{en} has no order. Write = or in, not {sign}")
        return self.made(Comparison(sign, left, right), token)

    def asked(self, sign: Sign, part: Tree, token: Token) -> Tree:
        if sign in ORDER:
            self.refuse(token, "null 没有大小；请写 = null 或 != null", "null has no order. Write = null or != null")
        unknown = Constant(part == NULL) if isinstance(part, Constant) else self.made(IsUnknown(part), token)
        return unknown if sign == "=" else self.made(Not(unknown), token)

    def same(self, left: Tree, right: Tree, token: Token, sign: str) -> ValueKind | None:
        """Return the kind of two values; refuse two kinds."""
        first, second = kind_of(left), kind_of(right)
        if first and second and first != second:
            zh = f"{sign} 两边一个是{KIND_WORDS[first][0]}，一个是{KIND_WORDS[second][0]}；请写成同一种"
            en = f"{sign} stands between {KIND_WORDS[first][1]} and {KIND_WORDS[second][1]}. Write two of one kind"
            self.refuse(token, zh, en)
        return first or second

    def need(self, kind: ValueKind, part: Tree, token: Token, sign: str) -> None:
        found = kind_of(part)
        if part == NULL or (found and found != kind):
            zh = f"{sign} 需要{KIND_WORDS[kind][0]}，这里是{KIND_WORDS[found][0] if found else ' null'}；请改写"
            en = f"{sign} needs {KIND_WORDS[kind][1]}, not {KIND_WORDS[found][1] if found else 'null'}. Rewrite it"
            self.refuse(token, zh, en)

    def made(self, tree: Tree, token: Token) -> Tree:
        """Keep count of how deep trees are: long chains of + are deep too."""
        depth = 1 + max((self.depths[id(part)][0] for part in parts_of(tree) if id(part) in self.depths), default=1)
        if depth > DEPTH_MAX:
            self.refuse(token, f"运算叠了超过 {DEPTH_MAX} 层；请拆开", f"more than {DEPTH_MAX} operations one upon another. Split it")
        self.depths[id(tree)] = (depth, tree)
        return tree
