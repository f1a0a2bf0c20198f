"""Registries of the scope ``mpc_mmseg``, children of MMSegmentation's.

They hold nothing of their own. MMEngine gives the parts of a config whose ``_base_`` is
``mpc_mmseg::FAMILY/NAME.py`` the scope of that name, and looks for it here.
"""

import mmseg.registry
from mmengine.registry import Registry

for _parent in vars(mmseg.registry).copy().values():
    if isinstance(_parent, Registry) and _parent.scope == 'mmseg':
        Registry(
            _parent.name, parent=_parent, scope='mpc_mmseg', locations=['mpc_mmseg']
        )
