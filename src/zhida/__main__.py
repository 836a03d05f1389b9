"""`python -m zhida` is the command `zhida`."""

from zhida.project.cli import main

main()
