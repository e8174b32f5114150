#!/bin/sh
# Runs a sweep on a real Slurm of one node, and on dask: complete, cancelled in between, and resumed.
#
#     sh benchmarks/slurm_test.sh [FOLDER]
#
# It needs root, the Debian packages slurm-wlm and munge, and `mesa-gym` with its extras train, report
# and cluster on the PATH. The daemons use the loopback address and files of FOLDER (by default a
# new one), and are stopped at the end.
set -eu
FOLDER=$(realpath "${1:-$(mktemp -d)}") HOST=$(hostname -s)
mkdir -p "$FOLDER/spool" "$FOLDER/state"
export SLURM_CONF="$FOLDER/slurm.conf"

stop() {
    if [ -n "$sweeps" ]; then kill $sweeps 2>/dev/null || true; sleep 3; fi
    for name in dask-worker dask-scheduler slurmd slurmctld munged; do
        if [ -s "$FOLDER/$name.pid" ]; then kill "$(cat "$FOLDER/$name.pid")" || true; fi
    done
}
sweeps=""
trap stop EXIT
trap 'exit 1' INT TERM

fail() { echo "FAILED: $*" >&2; exit 1; }
wait_for() {  # wait until a command succeeds, two minutes at most
    for _ in $(seq 120); do if eval "$1" >/dev/null 2>&1; then return; fi; sleep 1; done
    fail "waited in vain for: $1"
}

# -- daemons ---------------------------------------------------------------------------------------
dd if=/dev/urandom of="$FOLDER/munge.key" bs=1024 count=1 2>/dev/null
chmod 400 "$FOLDER/munge.key"
cat > "$SLURM_CONF" <<END
ClusterName=one
SlurmctldHost=$HOST(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket=$FOLDER/munge.socket
ProctrackType=proctrack/linuxproc
ReturnToService=2
SlurmctldPidFile=$FOLDER/slurmctld.pid
SlurmdPidFile=$FOLDER/slurmd.pid
SlurmdSpoolDir=$FOLDER/spool
StateSaveLocation=$FOLDER/state
SlurmctldLogFile=$FOLDER/slurmctld.log
SlurmdLogFile=$FOLDER/slurmd.log
SlurmUser=root
SlurmdUser=root
TaskPlugin=task/none
SchedulerType=sched/backfill
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
NodeName=$HOST NodeAddr=127.0.0.1 CPUs=2 RealMemory=8000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
munged --force --key-file="$FOLDER/munge.key" --socket="$FOLDER/munge.socket" \
    --pid-file="$FOLDER/munged.pid" --log-file="$FOLDER/munged.log" --seed-file="$FOLDER/munged.seed"
slurmctld
slurmd
wait_for 'sinfo --noheader --states=idle | grep -q idle'

# -- a sweep that loses a job, and is resumed ------------------------------------------------------
sweep() {
    mesa-gym sweep CheeseCorner --vary num_levels=30,300 "steps=$STEPS" --seeds 0-1 --levels 100 "$@"
}
export STEPS="${STEPS:-400000}"
echo "== a job of the array is cancelled"
sweep --out "$FOLDER/slurm" --on slurm --minutes 20 --memory 3 > "$FOLDER/first.log" 2>&1 &
first=$! sweeps="$!"
wait_for '[ "$(squeue --noheader --array --states=running | wc -l)" = 2 ]'
job=$(squeue --noheader --array --states=running --format=%i | sort | head -1)
sleep 20  # the job has begun its work
scancel "$job"
code=0; wait "$first" || code=$?; sweeps=""
cat "$FOLDER/first.log"
[ "$code" = 1 ] || fail "the command ended with $code, not 1"
grep -q "ended by SIGTERM" "$FOLDER/first.log" || fail "the cancelled job was not told"

echo "== a job is killed with all its processes, and writes no result"
STEPS=$((STEPS + 4096)); sweep --out "$FOLDER/killed" --on slurm --minutes 20 --memory 3 > "$FOLDER/killed.log" 2>&1 &
killed=$! sweeps="$!"
wait_for '[ "$(squeue --noheader --array --states=running | wc -l)" = 2 ]'
job=$(squeue --noheader --array --states=running --format=%i | sort | head -1)
scancel --full --signal=KILL "$job"
code=0; wait "$killed" || code=$?; sweeps=""
cat "$FOLDER/killed.log"
[ "$code" = 1 ] || fail "the command ended with $code, not 1"
STEPS=$((STEPS - 4096))

echo "== the same command again"
sweep --out "$FOLDER/slurm" --on slurm --minutes 20 --memory 3 > "$FOLDER/second.log" 2>&1 \
    || fail "the second command failed: $(cat "$FOLDER/second.log")"
cat "$FOLDER/second.log"
if grep -iq "sacct\|accounting" "$FOLDER/first.log" "$FOLDER/killed.log" "$FOLDER/second.log"
then fail "the watch prints messages of sacct"; fi
[ "$(tail -n +2 "$FOLDER/slurm/cells.csv" | wc -l)" = 2 ] || fail "cells.csv has not two cells"

# -- dask ------------------------------------------------------------------------------------------
echo "== dask"
dask scheduler --host 127.0.0.1 --port 0 --dashboard-address 127.0.0.1:0 \
    --scheduler-file "$FOLDER/dask.json" > "$FOLDER/scheduler.log" 2>&1 &
echo $! > "$FOLDER/dask-scheduler.pid"
wait_for '[ -s "$FOLDER/dask.json" ]'
dask worker --scheduler-file "$FOLDER/dask.json" --nthreads 1 --no-dashboard \
    --local-directory "$FOLDER" > "$FOLDER/worker.log" 2>&1 &
echo $! > "$FOLDER/dask-worker.pid"
address=$(sed -n 's|.*"address": "tcp://\([^"]*\)".*|\1|p' "$FOLDER/dask.json" | head -1)
sweep --out "$FOLDER/dask" --on "dask://$address"
for engine in slurm dask; do
    sed 's/,[^,]*$//' "$FOLDER/$engine/cells.csv" > "$FOLDER/$engine.csv"  # without CPU seconds
done
cmp "$FOLDER/slurm.csv" "$FOLDER/dask.csv" || fail "Slurm and dask give different cells"
echo "== all passed; logs and results are in $FOLDER"
