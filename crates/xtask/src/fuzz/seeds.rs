//! Texts that fuzzing starts from.

pub(super) const FS_STATE: &str = "    Device => Id: 254,16  Uuid: D3C123F4B7EA4CAD87B04CA0CBCB3C0B  Gen: 0xF10E1D25  Label: lab
    Volume => State: 2  Flags: 0x0
     Sizes => Block: 4096  Cluster: 4096
   Cluster => Stack: o2cb  Name: D3C123F4B7EA4CAD87B04CA0CBCB3C0B  Version: 1.0
  Recovery => Pid: 77  Nodes: 2 3
     Slots => Num     RecoGen
                0           0
            *   2           0
";

pub(super) const MOUNTINFO: &str = "36 35 254:16 / /mnt/my\\040share rw,relatime shared:1 master:2 - ocfs2 /dev/vdb rw,heartbeat=local\n37 35 0:5 / /dev rw - devtmpfs udev rw\n";

pub(super) const MOUNTS: &str = "/dev/vdb /mnt/my\\040share ocfs2 rw,relatime,heartbeat=local 0 0\n";

pub(super) const GLOCKS: &str = "G:  s:EX n:2/1b3b f:lDyIqob t:SH d:UN/11064000 a:2 v:1 r:5 m:38 p:257
 H: s:EX f:H e:0 p:1700 [a b] gfs2_atomic_open+0x58/0x100 [gfs2]
 H: s:SH f:AW e:0 p:0 [(none)] inode_permission+0x1d/0x190
 I: n:22/6971 t:8 f:0x00 d:0x00000201 s:768 p:1
G:  s:EX n:3/2035 f:aon t:EX d:EX/0 a:0 v:0 r:3 m:20 p:0
 R: n:8245 f:90000000 b:59865/59865 i:15 q:31 r:0 e:62463
  L: f:00 b:59865 i:15
  B: n:54767 s:79054 f:31
";

pub(super) const OLD_GLOCKS: &str = "G:  s:EX n:3/258028 f: t:EX d:EX/0 a:3 r:4
 H: s:EX f:tH e:-11 p:-1 [(ended)] gfs2_inplace_reserve_i+0x177/0x780 [gfs2]
 R: n:258028 f:05 b:22256/22256 i:16800
  B: n:1 s:2 b:3 f:4
 I: n:75661/219916 t:8 f:0x10 d:0x00000000 s:7522/7522
";

pub(super) const GLSTATS: &str = "G: n:2/183f3 rtt:203921/50112 rttb:1204000/803000 irt:9000123000/880000 dcnt: 12 qcnt: 431\n";

pub(super) const SBSTATS: &str = "type            cpu:               0               1
inode         srttb:          275332             111
inode           dlm:              33               4
inode         queue:             213              17";

pub(super) const HIST: &str = "# event histogram
#
# trigger info: hist:keys=dev,gltype,glnum:vals=hitcount,tdiff:sort=hitcount:size=16384 if remote==1 [active]
#

{ dev:  265289760, gltype:          2, glnum:      99315 } hitcount:         12  tdiff:     123456
{ comm: cat             [       288], id: sys_read                      [  0] } hitcount:          1

Totals:
    Hits: 13
    Entries: 2
    Dropped: 0
";

pub(super) const GLOCKFD: &str = "1700 3 5/1b3b\n1700 3 6/1b3b\n";

pub(super) const GFS2_STATUS: &str =
    "Journal Live:             1\nJournal ID:               0\nWithdrawn:                0\nFS Frozen:                0\n";
pub(super) const O2DLM_LOCKING_STATE: &str = include_str!("../../../formats/testdata/o2dlm/busy-locking_state");

pub(super) const DLM_STATE: &str = include_str!("../../../formats/testdata/o2dlm/node-death/42-node1-dlm_state");

pub(super) const SEND_TRACKING: &str = include_str!("../../../formats/testdata/o2dlm/send_tracking");

pub(super) const NET_STATS: &str = "1,2,13664,445414417,3543138121,32507861025,6782,670740025\n";

pub(super) const MLE_STATE: &str = include_str!("../../../formats/testdata/o2dlm/node-death/43-node2-mle_state");

pub(super) const PURGE_LIST: &str = "Dumping Purgelist for Domain: D\nF00000000000000000033831b4e4e09\t2\nTotal on list: 1\n";

pub(super) const TASK_STATUS: &str = "Name:\ta) (b\\n\nState:\tD (disk sleep)\nTgid:\t288\nPid:\t288\nPPid:\t283\nUid:\t0\t0\t0\t0\n";

pub(super) const STACK: &str = include_str!("../../../formats/testdata/proc/gfs2-open-stack");

pub(super) const FDINFO: &str =
    "pos:\t0\nflags:\t0100001\nmnt_id:\t36\nino:\t13189\nlock:\t1: FLOCK  ADVISORY  WRITE 364 fe:10:13189 0 EOF\n";

pub(super) const FILE_LOCKS: &str = include_str!("../../../formats/testdata/proc/locks");

pub(super) const TASK_STAT: &str = "288 (a) (b) S 283 288 283 0 -1 4194304 1391 0 0 0 5 1 0 0 20 0 1 0 9612 16719872 2649\n";

pub(super) const DLM_LOCKS: &str = "id nodeid remid pid xid exflags flags sts grmode rqmode time_ms r_nodeid r_len r_name
1100003 1 2ae0006 8954 0 0 0 2 5 -1 0 1 24 \"       2           102ab\"
2450001 2 1be0002 8962 0 0 10000 1 -1 5 12214 0 24 \"       2           102ab\"
5 -1 0 8962 0 0 0 1 -1 5 7 4294967295 31 \"N000000000000e001\"
";

pub(super) const DLM_ALL: &str = "version rsb 1.1 lvb 1.1 lkb 1.1
rsb 000000005d00c147 0 0 0 0 0 0 24 str        2            1b35
lkb 49 3 18 774 0 8 10000 2 3 -1 0 0 0 0 682413874341 0
rsb 00000000a1b2c3d4 -1 123 202 1 0 7 31 hex 4e 30 30 30 30 30 30 30 30 30 30 30 30 65 30 30 31 00 00 00 00 00 00 01 e0 02 00 00 00 00 00
lkb 4 -1 0 77 0 0 0 0 -1 5 0 1 11 0 0 0
";

pub(super) const DLM_ALL_612: &str = "rsb ptr nodeid first_lkid flags !root_list_empty !recover_list_empty recover_locks_count len
rsb 000000004ca1c253 0 0 202 0 0 0 24 str        3            576d
lvb 9 32 01 16 19 70 00 00 00 00 00 00 00 07 00 00 00 02 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00
lkb 23 1 56 496 0 1c 0 2 3 -1 5 0 0 10 256352339303 256004510861
";

pub(super) const DLM_TOSS: &str = "version 4 rsb 2
rsb 000000007c751959 2 2 1 1 4295102162 0 24 str        3            37cc
rsb ptr nodeid master_nodeid dir_nodeid our_nodeid toss_time flags len str|hex name
rsb 000000005c83a355 -1 0 2 2 0 300 3 hex 4e 00 01
";

pub(super) const DLM_TEXT: &str = "
Resource ffff88001d14c9c0 Name (len=24) \"       2           183f3\"\u{20}\u{20}
Master Copy
LVB: 01 16 19 70 00 00 00 00\u{20}
     00 00 00 00 00 00 00 00  (INVALID)
Recovery: root 1 recover 0 flags 4 count 2
Granted Queue
01000003 EX
02450001 PR Remote:   2 01be0002
Conversion Queue
0300000a PR (EX) Remote:   3 00c40001
Waiting Queue
Lookup Queue
04000001 EX wait_type: 11

Resource 000000005d00c147 Name (len=24) \"       2            1b35\"
Local Copy, Master is node 2
Granted Queue
Conversion Queue
Waiting Queue
02000007 -- (EX) Master:     01be0002 wait_type: 1
";

pub(super) const DLM_WAITERS: &str = "123 11 -1        5            f672\nd9 3 2        6            d5ef\n";

pub(super) const CLUSTER_CONF: &str = "# the cluster\n\ncluster:\n\tname = web\n\theartbeat_mode = global\n\tnode_count = 1\n\nnode:\n\tcluster = web\n\tnumber = 7\n\tip_port = 7777\n\tip_address = 192.168.0.107\n\tname = node7\n# its region\nheartbeat:\n\tcluster = web\n\tregion = 77D95EF51C0149D2823674FCC162CF8B\n\n";

pub(super) const ODD_CLUSTER_CONF: &str =
    "cluster:\n name=a\n x = \\\n y\\\\\n\n node_count=010\ncluster:\n name=b\nnode :\n\tcluster = b \r\n\tnumber = -1\nNode:\n # c\n";

pub(super) const SYSCONFIG: &str = "# O2CB\nO2CB_ENABLED=true\nO2CB_STACK=o2cb\nexport O2CB_BOOTCLUSTER='web' # boot\nO2CB_HEARTBEAT_THRESHOLD=\"61\"\nO2CB_IDLE_TIMEOUT_MS=$X\nif true; then A=`b`; fi\n";

pub(super) const KILLED_SURVIVOR: &str = include_str!("../../../formats/testdata/kernel_log/killed-survivor2.txt");

pub(super) const GLOBAL_START: &str = include_str!("../../../formats/testdata/kernel_log/global-start.txt");

pub(super) const NET_TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100090A:1E61 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1230 1
   1: 0100090A:9CEA 0200090A:1E61 01 00000030:00000000 01:00000A10 00000005     0        0 12345 2
";

pub(super) const ROUTES: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t0100090A\t0003\t0\t0\t100\t00000000\t0\t0\t0
eth1\t0000090A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
";

pub(super) const FIB_TRIE: &str = "Local:
  +-- 10.9.0.0/24 2 0 2
     |-- 10.9.0.1
        /32 host LOCAL
     |-- 10.9.0.255
        /32 link BROADCAST
";

pub(super) const COROSYNC_CONF: &str = "nodelist {
    node {
        name: node1
        nodeid: 1
        ring0_addr: 10.9.0.1
    }
}
";

pub(super) const ZONE: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>
<zone target=\"default\">
  <source address=\"10.9.0.0/24\"/>
  <service name=\"ssh\"/>
  <port port=\"7000-8000\" protocol=\"tcp\"/>
  <rule family=\"ipv4\" priority=\"-5\">
    <source address=\"10.9.0.2\" invert=\"yes\"/>
    <port port=\"7777\" protocol=\"tcp\"/>
    <accept/>
  </rule>
</zone>
";

pub(super) const SERVICE: &str = "<service><port protocol=\"tcp\" port=\"22\"/><destination ipv4=\"10.9.0.1\"/></service>\n";

pub(super) const UFW_RULES: &str = "DEFAULT_INPUT_POLICY=\"DROP\"
### tuple ### allow tcp 7777 0.0.0.0/0 any 10.9.0.2 in
### tuple ### deny any any 0.0.0.0/0 any 10.9.0.0/24 in
";
