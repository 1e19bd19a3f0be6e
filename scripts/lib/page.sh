# shellcheck shell=bash
# Pages of docs/ that scripts fill in; to be sourced from the project's folder.

# fill_in PAGE FILE: puts a file between the page's two marks, `<!-- NAME: begin -->` and `<!-- NAME: end -->`, NAME being the script's.
fill_in() {
    awk -v name="$(basename "$0")" -v file="$2" '
        $0 == "<!-- " name ": end -->" { while ((getline line < file) > 0) print line; skipping = 0 }
        !skipping { print }
        $0 == "<!-- " name ": begin -->" { skipping = 1 }
    ' "$1" >"$2.page"
    cat "$2.page" >"$1"
    echo "$(basename "$0" .sh): $1 is written" >&2
}
