"""The commands of mpc_mmseg: a light package, so that `mpcseg --help` imports nothing.

Installed as ``mpcseg``; in a checkout the folder ``tools``, whose files also run as
scripts. The work is done by ``mpc_mmseg``.
"""
