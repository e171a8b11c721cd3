# The node's end of a connection until a collector takes over, and the reader where none can run.
#
# Sent as ONE line: comment lines are dropped and the rest is joined with blanks, so every line stands by itself with its
# semicolon. It passes through the login shell in single quotes: no quote, no exclamation mark and no doubled backslash
# may occur, which csh and fish would change. Words come from the viewer as lines on stdin; each is checked by `case`
# before use and never evaluated. At the end of stdin the shell ends; nothing is left behind.

LC_ALL=C; export LC_ALL; umask 077; set -f; exec 3>&1;
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; export PATH;

# The exclamation mark, for patterns of what may NOT be in a word.
b=$(printf "\041");
no_hex="*[${b}0-9a-f]*"; no_number="*[${b}0-9]*"; no_numbers="*[${b}0-9 ]*"; no_path="*[${b}A-Za-z0-9_./:-]*";

# Every answer is a line that begins with the session's nonce: nothing that a login prints, and no file, can hold it.
IFS= read -r n || exit 0;
case $n in $no_hex|"") exit 90;; esac;
say() { printf "@%s %s\n" "$n" "$*"; };
f=; gone() { rm -f "$f"; exit 94; }; trap gone HUP INT TERM;
echo; say ready "$(uname -s)" "$(uname -m)";

while IFS=" " read -r c p k z; do case $c in

# Is a collector installed, and which protocol does it speak?
probe) say probe "$(dlmtop collect --protocol </dev/null 2>/dev/null | head -n 1)";;

# upload BYTES: a file where programs may run, unlinked before its contents come; only open descriptors hold it. The
# viewer sends nothing else until it has the answer, so nothing can be read too far. A size that differs (disk full,
# connection cut) ends the session: what follows on stdin would be the rest of the program.
upload)
case $p in $no_number|"") exit 91;; esac;
f=;
for d in /dev/shm /run /tmp /var/tmp "$HOME"; do
[ -d "$d" ] && [ -w "$d" ] || continue;
f=$(mktemp "$d/.dlmtop.XXXXXXXXXX" 2>/dev/null) || { f=; continue; };
echo "#$b/bin/sh" >"$f" && chmod 700 "$f" && "$f" </dev/null >/dev/null 2>&1 && break;
rm -f "$f"; f=;
done;
case $f in "") say refused; continue;; esac;
exec 8>"$f" 9<"$f"; rm -f "$f"; f=;
say send;
head -c "$p" >&8; exec 8>&-;
k=$(($(wc -c <&9)));
[ "$k" -eq "$p" ] || { say cut "$k"; exit 92; };
say sent "$(/proc/self/fd/9 collect --protocol </dev/null 2>&1 | head -n 1)";;

# The collector takes this process over, with its stdin and stdout.
run) say run; case $p in installed) exec dlmtop collect;; uploaded) exec /proc/self/fd/9 collect;; esac;;

# From here on: the reader, of these places only; glockfd can hang behind a writer.
hello) say hello "$(uname -n)" "$(uname -r)" "$(getconf PAGESIZE 2>/dev/null)";;
ping) say alive;;
get|list|dump)
case $p in $no_path|*..*) exit 93;;
*/glockfd) exit 93;;
/proc/self/mountinfo|/proc/mounts|/etc/ocfs2/cluster.conf|/etc/corosync/corosync.conf) ;;
/sys/kernel/debug|/sys/kernel/debug/ocfs2|/sys/kernel/debug/ocfs2/*|/sys/kernel/debug/gfs2|/sys/kernel/debug/gfs2/*) ;;
/sys/kernel/debug/dlm|/sys/kernel/debug/dlm/*|/sys/kernel/debug/o2dlm|/sys/kernel/debug/o2dlm/*) ;;
/sys/kernel/debug/o2net/send_tracking|/sys/fs/gfs2/*|/sys/kernel/dlm/*|/sys/kernel/config/dlm/*|/sys/kernel/config/cluster|/sys/kernel/config/cluster/*) ;;
*) exit 93;; esac;
p=$DLMTOP_ROOT$p;
case $c in

# A file, or the names in a directory; then how it went.
get) say data; e=$(cat "$p" 2>&1 >&3); s=$?; echo; say end "$s" 0 $e;;
list) say data; e=$(ls -1 "$p" 2>&1 >&3); s=$?; echo; say end "$s" 0 $e;;

# dump PATH COUNT SIZE SIZE …: COUNT reads of each size in turn until one dd reads nothing. The kernel loses the record
# at the end of each read(2); sizes that differ from dump to dump spread the losses. dd says how many reads it made. The
# first line tells the clocks and the inode; before and after the data stands the CPU time of this shell and its children.
dump) case $k in $no_number|"") exit 91;; esac; case $z in $no_numbers|"") exit 91;; esac;
e=$(dd if="$p" bs=1 count=0 2>&1) || { say end 1 0 $e; continue; };
IFS=" " read -r u x </proc/uptime;
say dump "$u" "$(date +%s.%N)" $(ls -i "$p"); times;
t=0; s=1; e=;
{ while :; do for x in $z; do
e=$(dd bs="$x" count="$k" 2>&1 >&3) || break 2;
for w in $e; do case $w in [0-9]*+[0-9]*) break;; esac; done;
case $w in 0+0) s=0; e=; break 2;; [0-9]*+[0-9]*) t=$((t + ${w%+*} + ${w#*+}));; *) break 2;; esac;
done; done; } <"$p";
echo; say end "$s" "$t" $e; times; say done;;
esac;;
*) exit 95;;
esac; done
