# Sourced by the scripts: one set of flags for programs, tests and checks, so that each package is compiled once for all of
# them. Static, and without the checkout's folder in it. The race detector needs cgo.
case " $* " in
*" -race "*) export CGO_ENABLED=1 ;;
*) export CGO_ENABLED="${CGO_ENABLED:-0}" ;;
esac
export GOFLAGS="${GOFLAGS:-} -trimpath"
