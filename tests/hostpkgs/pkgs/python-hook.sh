# Python modules of the inputs, and byte code that does not depend on the time.
_addPythonPath() {
  local site
  for site in "$1"/lib/python3*/site-packages; do addToSearchPath PYTHONPATH "$site"; done
}
addEnvHooks "$hostOffset" _addPythonPath
export PYTHONHASHSEED=0 DETERMINISTIC_BUILD=1 PYTHONNOUSERSITE=1
