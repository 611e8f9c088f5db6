#!/bin/bash
# Builds and starts the platform in one process, with the demo brand. Arguments go to `onepool serve`.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/build.sh onepool dtm
exec bin/onepool serve --demo "$@"
