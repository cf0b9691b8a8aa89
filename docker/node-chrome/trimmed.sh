#!/bin/bash
# trimmed.sh PROGRAM…: becomes the program, with the variables that a driver and its browser need. The grid's secrets, and
# whatever else a container is given, are no business of a process that shows strangers' pages.
kept=()
while IFS= read -r -d '' variable; do
    case ${variable%%=*} in
    PATH | HOME | USER | LOGNAME | LANG | LANGUAGE | LC_* | TZ | TMPDIR | DISPLAY | XAUTHORITY | XDG_*) ;;
    [a-z]*_proxy | [A-Z]*_PROXY | FONTCONFIG_* | LD_LIBRARY_PATH) ;;
    SE_NODE_BROWSER | GRIDRUNNER_SANDBOX) ;; # what /opt/bin/browser decides by
    *) continue ;;
    esac
    kept+=("$variable")
done < <(env --null)
exec env --ignore-environment "${kept[@]}" "$@"
