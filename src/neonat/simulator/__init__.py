"""An incubator on a pseudo-terminal or TCP port, with faults on demand."""
