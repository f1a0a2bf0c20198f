#!/usr/bin/env bash
# Score a checkpoint on several GPUs; on a machine without a GPU, in several CPU
# processes.
#   tools/dist_test.sh CONFIG CHECKPOINT GPUS [options of tools/test.py]
# Several machines: set NNODES, NODE_RANK, MASTER_ADDR and PORT on each. On a single one
# a free port is found, so that runs side by side do not meet.
set -euo pipefail
if [ $# -lt 3 ]; then sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2; fi
root=$(cd "$(dirname "$0")/.." && pwd)
config=$1 checkpoint=$2 processes=$3
shift 3
if [ "${NNODES:-1}" = 1 ] && [ -z "${PORT:-}" ]; then
    # By address: a machine's own name does not resolve everywhere.
    meeting=(--standalone --local-addr 127.0.0.1)
else
    meeting=(--nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}"
        --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}")
fi
PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}" exec "${PYTHON:-python}" -m torch.distributed.run \
    "${meeting[@]}" --nproc_per_node="$processes" \
    "$root/tools/test.py" "$config" "$checkpoint" --launcher pytorch "$@"
