"""`python -m zhida` is the command `zhida`."""

from zhida.project.cli import main

# Guarded: the workers of a run are fresh processes that import this module.
if __name__ == "__main__":
    main()
