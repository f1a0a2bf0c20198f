# For networks that begin with random weights: cross-entropy in place of the published
# focal loss. Forged pixels are few: unweighted, maps stay below 0.5 everywhere.
_base_ = './mpc.py'
model = dict(
    decode_head=dict(
        loss_decode=dict(
            _delete_=True, type='ForgeryBCELoss', forged_weight=5.0)))
