#!/usr/bin/env bash
# Train under Slurm: one task a node, torchrun starts the processes of its GPUs.
#   tools/slurm_train.sh PARTITION JOB_NAME CONFIG [options of tools/train.py]
# NODES (1), GPUS_PER_NODE (8), CPUS_PER_TASK (40), PORT (29500) and SRUN_ARGS may be set.
set -euo pipefail
if [ $# -lt 3 ]; then sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 2; fi
root=$(cd "$(dirname "$0")/.." && pwd)
partition=$1 job=$2 config=$3
shift 3
export GPUS_PER_NODE=${GPUS_PER_NODE:-8} PORT=${PORT:-29500}
# shellcheck disable=SC2086,SC2016
srun -p "$partition" --job-name="$job" --nodes="${NODES:-1}" --ntasks-per-node=1 \
    --gres=gpu:"$GPUS_PER_NODE" --cpus-per-task="${CPUS_PER_TASK:-40}" \
    --kill-on-bad-exit=1 ${SRUN_ARGS:-} bash -c '
        export NNODES=$SLURM_JOB_NUM_NODES NODE_RANK=$SLURM_NODEID
        export MASTER_ADDR=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
        script=$1 config=$2
        shift 2
        exec "$script" "$config" "$GPUS_PER_NODE" "$@"
    ' _ "$root/tools/dist_train.sh" "$config" "$@"
