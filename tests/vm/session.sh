#!/bin/sh
# One command in the guest, on one connection: the first line is the number of its folder in /lab. Standard input and output
# are the connection; what it says on stderr and its exit code are written into the folder.
read -r number
cd "/lab/$number" || exit
setsid sh ./command 2>stderr
echo $? >code.part
mv code.part code
