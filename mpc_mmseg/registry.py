"""Registries of the scope ``mpc_mmseg``, for ``_base_ = 'mpc_mmseg::FAMILY/NAME.py'``.

MMEngine gives the parts of such a base the scope of its package, whose registries it
looks for here. They are children of MMSegmentation's and hold nothing of their own.
"""

import mmseg.registry
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.registry import Registry

# The packages whose configs have a name; MMEngine has no registry for them.
MODULE2PACKAGE.setdefault('mpc_mmseg', 'mpc_mmseg')
for _parent in vars(mmseg.registry).copy().values():
    if isinstance(_parent, Registry) and _parent.scope == 'mmseg':
        # A child looks into what its parent holds, and does not have it import more.
        where = [*_parent._locations, 'mpc_mmseg']
        Registry(_parent.name, parent=_parent, scope='mpc_mmseg', locations=where)
