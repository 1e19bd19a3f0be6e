# The report of scripts/lib/turns.sh: reads the files `results` (ROW ROW PROGRAM MPPS [SHARE]) and `commands` (ROW ROW PROGRAM COMMAND).
# Told: format (plain, markdown or json), runs, seconds, warm_up, columns (the headings of a row's two words) and share (that of the
# shares, if there are any).

FILENAME == "results" {
    row = $1 " " $2
    if ($3 != "pollway") peer[row] = $3
    if (!(row in known)) { known[row]; rows[++count] = row }
    mpps[row, $3, ++taken[row, $3]] = $4
    shares[row, $3, taken[row, $3]] = $5
    next
}
{
    row = $1 " " $2; program = $3
    sub(/^[^ ]+ [^ ]+ [^ ]+ /, "")
    command[row, program] = $0
    if (!($0 in said)) { said[$0]; commands[++different] = $0 }
}

function median(list, i, j, swap) {
    for (i = 1; i <= runs; i++) sorted[i] = list[i]
    for (i = 1; i <= runs; i++)
        for (j = i + 1; j <= runs; j++)
            if (sorted[j] < sorted[i]) { swap = sorted[i]; sorted[i] = sorted[j]; sorted[j] = swap }
    return runs % 2 ? sorted[(runs + 1) / 2] : (sorted[runs / 2] + sorted[runs / 2 + 1]) / 2
}

# Sets low, middle and high of what a program reached in a row.
function summarise(row, program, i) {
    for (i = 1; i <= runs; i++) one[i] = mpps[row, program, i]
    middle = median(one); low = sorted[1]; high = sorted[runs]
}

function spread(row, program) {
    summarise(row, program)
    return sprintf("%.1f (%.1f..%.1f)", middle, low, high)
}

# The median over the pairs of runs that stand next to each other, so that a machine whose speed drifts does to both programs the same.
function ratio(row, i) {
    for (i = 1; i <= runs; i++) one[i] = mpps[row, "pollway", i] / mpps[row, peer[row], i]
    return median(one)
}

# A program's median share, in percent.
function share_of(row, program, i) {
    for (i = 1; i <= runs; i++) one[i] = shares[row, program, i] * 100
    return median(one)
}

function object(row, program, i, list) {
    summarise(row, program)
    for (i = 1; i <= runs; i++) list = list (i > 1 ? "," : "") mpps[row, program, i]
    return sprintf("{\"command\":\"%s\",\"mpps\":[%s],\"median\":%.3f,\"min\":%.3f,\"max\":%.3f%s}", quoted(command[row, program]), list, \
        middle, low, high, share ? sprintf(",\"%s\":%.3f", share, share_of(row, program) / 100) : "")
}

function quoted(words) {
    gsub(/"/, "\\\"", words)
    return words
}

function json(i, row) {
    printf "{\"runs\":%d,\"seconds\":%d,\"warm_up_s\":%d,\"results\":[", runs, seconds, warm_up
    for (i = 1; i <= count; i++) {
        row = rows[i]
        split(row, name, " ")
        printf "%s{\"%s\":\"%s\",\"%s\":\"%s\",\"load\":\"%s\",\"pollway\":%s,\"%s\":%s,\"ratio\":%.3f}", (i > 1 ? "," : ""), heading[1], \
            name[1], heading[2], name[2], quoted(command[row, "load"]), object(row, "pollway"), peer[row], object(row, peer[row]), ratio(row)
    }
    print "]}"
}

# A line of a table: seven words, the last of which is there only with shares.
function line(a, b, c, d, e, f, g) {
    if (format == "markdown") printf "| %s | %s | %s | %s | %s | %s |%s\n", a, b, c, d, e, f, share ? " " g " |" : ""
    else printf "%-7s %-8s %-8s %-24s %-24s %-6s %s\n", a, b, c, d, e, f, g
}

END {
    split(columns, heading, " ")
    if (format == "json") { json(); exit }
    line(heading[1], heading[2], "peer", "pollway, Mpps", "peer, Mpps", "ratio", share)
    if (format == "markdown") print "|---|---|---|---|---|---|" (share ? "---|" : "")
    for (i = 1; i <= count; i++) {
        row = rows[i]
        split(row, name, " ")
        line(name[1], name[2], peer[row], spread(row, "pollway"), spread(row, peer[row]), sprintf("%.2f", ratio(row)), \
            share ? sprintf("%.0f %%, %.0f %%", share_of(row, "pollway"), share_of(row, peer[row])) : "")
    }
    print format == "markdown" ? "\n```" : ""
    for (i = 1; i <= different; i++) print commands[i]
    if (format == "markdown") print "```"
}
