"""The gateway on a board: its configuration is `config.json` beside this file."""

import json
import sys

from board import Board

from neonat.gateway.config import checked
from neonat.gateway.program import run


def log(text):
    """One line of the log, on the board's console."""
    print(text)


def main():
    """Run until a restart is asked for; `Board` comes with the port for the board."""
    with open("config.json") as file:
        config = json.load(file)
    board = Board()
    config = checked(config, board)
    while run(config, board, log, "power") != "stop":
        board.restart()


try:
    main()
except Exception as error:
    sys.print_exception(error)
