"""The gateway on a board: `slots.json` says which program starts, `config.json` how."""

from neonat.gateway import entry

entry.main()
