# The report of scripts/lib/turns.sh: reads the files `results` (ROW ROW PROGRAM RUN MPPS [SHARE]) and `commands` (ROW ROW PROGRAM
# COMMAND). Told: format (plain, markdown or json), seconds, warm_up, columns (the headings of a row's two words) and share (that of the
# shares, if there are any).

FILENAME == "results" {
    row = $1 " " $2
    if ($3 != "pollway") peer[row] = $3
    if (!(row in known)) { known[row]; rows[++count] = row }
    if ($4 > runs[row]) runs[row] = $4
    at = ++taken[row, $3]
    run[row, at] = $4
    mpps[row, $3, at] = $5
    shares[row, $3, at] = $6
    next
}
{
    row = $1 " " $2; program = $3
    sub(/^[^ ]+ [^ ]+ [^ ]+ /, "")
    command[row, program] = $0
    if (!($0 in said)) { said[$0]; commands[++different] = $0 }
}

# The median of the first values of a list, which it leaves sorted.
function median(list, values, i, j, swap) {
    for (i = 1; i <= values; i++)
        for (j = i + 1; j <= values; j++)
            if (list[j] < list[i]) { swap = list[i]; list[i] = list[j]; list[j] = swap }
    return values % 2 ? list[(values + 1) / 2] : (list[values / 2] + list[values / 2 + 1]) / 2
}

# Sets low, middle and high of what a program reached in a row.
function summarise(row, program, i, one) {
    for (i = 1; i <= taken[row, program]; i++) one[i] = mpps[row, program, i]
    middle = median(one, i - 1); low = one[1]; high = one[i - 1]
}

# The same of the ratio: the median over the pairs of turns that stand next to each other, and the lowest and the highest of the runs'.
function compare(row, i, n, pairs, one, each, all) {
    for (n = 1; n <= runs[row]; n++) {
        pairs = 0
        for (i = 1; i <= taken[row, "pollway"]; i++)
            if (run[row, i] == n) { one[++pairs] = mpps[row, "pollway", i] / mpps[row, peer[row], i]; all[i] = one[pairs] }
        each[n] = median(one, pairs)
    }
    median(each, runs[row])
    low = each[1]; high = each[runs[row]]
    middle = median(all, taken[row, "pollway"])
}

# What either of them set.
function spread(digits) {
    return sprintf("%.*f (%.*f..%.*f)", digits, middle, digits, low, digits, high)
}

function reached(row, program) {
    summarise(row, program)
    return spread(1)
}

function ratio(row) {
    compare(row)
    return spread(2)
}

# A program's median share, in percent.
function share_of(row, program, i, one) {
    for (i = 1; i <= taken[row, program]; i++) one[i] = shares[row, program, i] * 100
    return median(one, i - 1)
}

function object(row, program, i, list) {
    for (i = 1; i <= taken[row, program]; i++) list = list (i > 1 ? "," : "") mpps[row, program, i]
    summarise(row, program)
    return sprintf("{\"command\":\"%s\",\"load\":\"%s\",\"mpps\":[%s],\"median\":%.3f,\"min\":%.3f,\"max\":%.3f%s}", \
        quoted(command[row, program]), quoted(command[row, program "-load"]), list, middle, low, high, \
        share ? sprintf(",\"%s\":%.3f", share, share_of(row, program) / 100) : "")
}

function quoted(words) {
    gsub(/"/, "\\\"", words)
    return words
}

function json(i, row) {
    printf "{\"seconds\":%s,\"warm_up_s\":%s,\"results\":[", seconds, warm_up
    for (i = 1; i <= count; i++) {
        row = rows[i]
        split(row, name, " ")
        printf "%s{\"%s\":\"%s\",\"%s\":\"%s\",\"runs\":%d,\"pollway\":%s,\"%s\":%s,", (i > 1 ? "," : ""), heading[1], name[1], heading[2], \
            name[2], runs[row], object(row, "pollway"), peer[row], object(row, peer[row])
        compare(row)
        printf "\"ratio\":{\"median\":%.3f,\"min\":%.3f,\"max\":%.3f}}", middle, low, high
    }
    print "]}"
}

# A line of a table: seven words, the last of which is there only with shares.
function line(a, b, c, d, e, f, g) {
    if (format == "markdown") printf "| %s | %s | %s | %s | %s | %s |%s\n", a, b, c, d, e, f, share ? " " g " |" : ""
    else printf "%-7s %-17s %-8s %-22s %-22s %-18s %s\n", a, b, c, d, e, f, g
}

END {
    split(columns, heading, " ")
    if (format == "json") { json(); exit }
    line(heading[1], heading[2], "peer", "pollway, Mpps", "peer, Mpps", "ratio", share)
    if (format == "markdown") print "|---|---|---|---|---|---|" (share ? "---|" : "")
    for (i = 1; i <= count; i++) {
        row = rows[i]
        split(row, name, " ")
        line(name[1], name[2], peer[row], reached(row, "pollway"), reached(row, peer[row]), ratio(row), \
            share ? sprintf("%.0f %%, %.0f %%", share_of(row, "pollway"), share_of(row, peer[row])) : "")
    }
    print format == "markdown" ? "\n```" : ""
    for (i = 1; i <= different; i++) print commands[i]
    if (format == "markdown") print "```"
}
