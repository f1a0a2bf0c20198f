#!/usr/bin/env bash
# Train on several GPUs of one or more machines; on a machine without a GPU, in
# several CPU processes.
#   tools/dist_train.sh CONFIG GPUS [options of tools/train.py]
# Several machines: set NNODES, NODE_RANK, MASTER_ADDR and PORT on each. On a single one
# a free port is found, so that runs side by side do not meet.
set -euo pipefail
if [ $# -lt 2 ]; then sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2; fi
root=$(cd "$(dirname "$0")/.." && pwd)
config=$1 processes=$2
shift 2
if [ "${NNODES:-1}" = 1 ] && [ -z "${PORT:-}" ]; then
    # By address: a machine's own name does not resolve everywhere.
    meeting=(--standalone --local-addr 127.0.0.1)
else
    meeting=(--nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}"
        --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}")
fi
PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}" exec "${PYTHON:-python}" -m torch.distributed.run \
    "${meeting[@]}" --nproc_per_node="$processes" \
    "$root/tools/train.py" "$config" --launcher pytorch "$@"
