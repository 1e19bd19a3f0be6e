# shellcheck shell=bash
# What the scripts that measure need and how they say what is wrong; to be sourced from the project's folder.

# refuse WORDS…: the input is wrong. fail WORDS…: something went wrong on the way.
refuse() {
    echo "$(basename "$0" .sh): $*" >&2
    exit 2
}
fail() {
    echo "$(basename "$0" .sh): $*" >&2
    exit 1
}

# take_options VALUED SWITCHES ARGUMENT…: sets the variable of each option given, that of `--warm-up` being `warm_up`: those of the
# first list to the value that follows, those of the second to `yes`.
take_options() {
    local valued=" $1 " switches=" $2 " name
    shift 2
    while [[ $# -gt 0 ]]; do
        name=''
        [[ ! $1 =~ ^--([a-z-]+)$ ]] || name=${BASH_REMATCH[1]}
        if [[ $name && $valued == *" $name "* ]]; then
            [[ ${2:-} ]] || refuse "$1 needs a value"
            declare -g "${name//-/_}=$2"
            shift
        elif [[ $name && $switches == *" $name "* ]]; then
            declare -g "${name//-/_}=yes"
        else
            refuse "what is '$1'? The first lines of $0 say what there is"
        fi
        shift
    done
}

# only_of OPTION LIST KNOWN: refuses a list with something that is not in the other one.
only_of() {
    local one
    for one in ${2//,/ }; do
        [[ ,$3, == *",$one,"* ]] || refuse "$1 are of $3, not '$one'"
    done
}

# need_programs NAME…
need_programs() {
    local program
    for program in "$@"; do
        command -v "$program" >/dev/null || refuse "there is no $program: scripts/setup.sh installs it"
    done
}

# need_processors: two poll loops that wait for each other on one processor measure its scheduler.
need_processors() {
    [[ $(nproc) -ge 2 ]] ||
        refuse "two processors are needed, one to be measured and one for the rest; this process has $(nproc)"
}

# need_hugepages MIB
need_hugepages() {
    local free_mib
    free_mib=$(awk '$1 == "HugePages_Free:" { n = $2 } $1 == "Hugepagesize:" { k = $2 } END { print int(n * k / 1024) }' /proc/meminfo)
    [[ $free_mib -ge $1 ]] ||
        refuse "$free_mib MiB of hugepages are free, $1 are needed: scripts/hugepages.sh reserve $(($1 / 2))"
    grep -q ' hugetlbfs ' /proc/mounts || refuse "hugetlbfs is not mounted: scripts/hugepages.sh mount"
}

# find_program: makes `binary` the program's whole path; where it is empty the release program is built first.
find_program() {
    if [[ -z $binary ]]; then
        cargo build --release --package pollway >&2
        binary=${CARGO_TARGET_DIR:-target}/release/pollway
    fi
    [[ -x $binary ]] || refuse "$binary is not a program"
    binary=$(realpath "$binary")
}
