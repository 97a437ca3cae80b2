"""What holds for all tests."""

import signal

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as under nohup: our children would inherit it, and some are interrupted
    signal.signal(signal.SIGINT, signal.default_int_handler)
