//! The table of codes.

use super::Code::{Dpi, Ora};
use super::Remedy;

const REPORT: &str = "This is a bug in Passmint: please report it.";

/// Every code that Passmint explains. docs/ORACLE.md prints the same table; a test compares them.
///
/// Sources: the codes that Oracle's client 19.3 gave for each fault of the stand `testing/oracle-wire`, and for each
/// refusal of a listener (it passes 12500 to 12530 on, and makes 12564 of every other); Oracle's error help for the
/// rest.
pub const TABLE: &[Remedy] = &[
    Remedy {
        codes: &[Dpi(1047)],
        meaning: "Oracle Instant Client was not found, or a library that it needs is missing",
        remedy: "Install Instant Client Basic Light 23 and libaio, make their folder known to the system (ldconfig \
                 or LD_LIBRARY_PATH), and start again.",
    },
    Remedy {
        codes: &[Dpi(1049), Dpi(1050), Dpi(1072)],
        meaning: "Oracle Instant Client is too old, or its libclntsh is another program's library",
        remedy: "Install Instant Client 23.",
    },
    Remedy {
        codes: &[Ora(1804)],
        meaning: "Oracle Instant Client cannot read its own data (libociei.so or libociicus.so)",
        remedy: "Download it again and unpack it whole, and unset ORACLE_HOME and ORA_TZFILE.",
    },
    Remedy {
        codes: &[
            Dpi(1080),
            Dpi(1010),
            Ora(3113),
            Ora(3114),
            Ora(3135),
            Ora(12570),
            Ora(2396),
            Ora(28),
            Ora(603),
            Ora(1012),
            Ora(1041),
        ],
        meaning: "the connection was cut, by the network or by the database",
        remedy: "Once, it needs no action: the next call opens a new connection. If it happens often, check \
                 firewalls that end idle connections.",
    },
    Remedy {
        codes: &[Dpi(1067), Ora(3136), Ora(3156), Ora(12609)],
        meaning: "the database did not answer in time",
        remedy: "Try again later, or raise --database-seconds if the database is slow.",
    },
    // Log-in.
    Remedy {
        codes: &[Ora(1017), Ora(1005)],
        meaning: "the user or the password is wrong",
        remedy: "Check --oracle-user and the database password; it is not the password of the wallet. A user that was \
                 created in double quotation marks needs them in --oracle-user too.",
    },
    Remedy {
        codes: &[Ora(28000)],
        meaning: "the database user is locked",
        remedy: "Stop Passmint, or give it the right password, before you unlock: a wrong one locks the user again. \
                 Then, as ADMIN: ALTER USER … ACCOUNT UNLOCK.",
    },
    Remedy {
        codes: &[Ora(28001)],
        meaning: "the database user's password has expired",
        remedy: "Stop Passmint. As ADMIN: ALTER USER … IDENTIFIED BY a new password. Set that in Passmint, and start \
                 it again.",
    },
    Remedy {
        codes: &[Ora(1045)],
        meaning: "the database user may not log in",
        remedy: "As ADMIN: GRANT CREATE SESSION TO the user.",
    },
    Remedy {
        codes: &[Ora(28040)],
        meaning: "client and database have no way of logging in in common",
        remedy: "Install Instant Client 23. If the user is old, set its password anew.",
    },
    Remedy {
        codes: &[Ora(2391)],
        meaning: "the database user has as many sessions as its profile allows",
        remedy: "Lower --oracle-pool and close other tools, or raise SESSIONS_PER_USER in the user's profile.",
    },
    Remedy {
        codes: &[Ora(40), Ora(2392), Ora(2393), Ora(2394), Ora(2395), Ora(12751)],
        meaning: "the session used more than the database allows it",
        remedy: "Use the service that ends in _tp, and check the limits in the user's profile.",
    },
    // The listener's refusals.
    Remedy {
        codes: &[Ora(12506), Ora(12529)],
        meaning: "the database's access control list does not let this machine in, or a wallet is required",
        remedy: "Add this machine's public address to the access control list, or allow TLS without a wallet, or \
                 name the wallet's folder in --oracle-config.",
    },
    Remedy {
        codes: &[Ora(12514)],
        meaning: "the database server does not know the service: the name is wrong, or the database is stopped",
        remedy: "Start the database in the console (an Always Free database stops after 7 idle days), and check the \
                 service_name.",
    },
    Remedy {
        codes: &[Ora(12505)],
        meaning: "the connect string names a SID that does not exist",
        remedy: "Use service_name in --oracle-connect.",
    },
    Remedy {
        codes: &[Ora(12502), Ora(12503), Ora(12504), Ora(12507), Ora(12508)],
        meaning: "the listener lacks something in the connect string, such as the service_name",
        remedy: "Copy the connect string from the console again, whole and unchanged.",
    },
    Remedy {
        codes: &[Ora(12513), Ora(12515)],
        meaning: "the service does not take connections of this protocol",
        remedy: "Check protocol and port in --oracle-connect, or copy the connect string from the console again.",
    },
    Remedy {
        codes: &[Ora(12521), Ora(12522), Ora(12523), Ora(12524)],
        meaning: "the database has no instance or handler of the kind that the connect string asks for",
        remedy: "Remove instance_name, instance_role, handler_name and server from --oracle-connect.",
    },
    Remedy {
        codes: &[
            Ora(12500),
            Ora(12501),
            Ora(12509),
            Ora(12510),
            Ora(12511),
            Ora(12512),
            Ora(12517),
            Ora(12518),
            Ora(12530),
        ],
        meaning: "the database server has no resources for a new connection at present",
        remedy: "Wait a minute. If it happens often, close other tools, or restart the database in the console.",
    },
    Remedy {
        codes: &[Ora(12525)],
        meaning: "the listener did not get the whole request in time",
        remedy: "Check the network for lost packets: firewalls, VPNs and their packet size (MTU).",
    },
    Remedy {
        codes: &[Ora(12526), Ora(12527), Ora(1035)],
        meaning: "the database lets administrators in only: it is in restricted mode, for maintenance or a restore",
        remedy: "Wait until that is over, or set the database's mode back to read and write in the console.",
    },
    Remedy {
        codes: &[Ora(12528), Ora(1033), Ora(1034), Ora(1089), Ora(1090), Ora(1092), Ora(1109)],
        meaning: "the database is starting or stopping, or blocks new connections",
        remedy: "Wait a minute. If it stays so, start the database in the console.",
    },
    Remedy {
        codes: &[Ora(12564)],
        meaning: "the listener refused the connection, and the client does not say why",
        remedy: "Check in the console that the database is available, and its access control list; copy the connect \
                 string again. A listener of your own has the reason in its log.",
    },
    // The network.
    Remedy {
        codes: &[Ora(12541)],
        meaning: "nothing listens at that address",
        remedy: "Check host and port in --oracle-connect (1521 for TLS, 1522 with a wallet), and the firewall.",
    },
    Remedy {
        codes: &[Ora(12545)],
        meaning: "the host name cannot be resolved",
        remedy: "Check the host in --oracle-connect, and this machine's DNS.",
    },
    Remedy {
        codes: &[Ora(12543)],
        meaning: "no route leads to the host",
        remedy: "Check this machine's network and VPN, and the host in --oracle-connect.",
    },
    Remedy {
        codes: &[Ora(21561)],
        meaning: "this machine's own host name cannot be resolved",
        remedy: "Add it to /etc/hosts, in the line of 127.0.0.1.",
    },
    Remedy {
        codes: &[Ora(12154)],
        meaning: "the connect string is not valid, or its alias does not exist",
        remedy: "Check --oracle-connect, and that --oracle-config is the folder of tnsnames.ora.",
    },
    Remedy { codes: &[Ora(12162)], meaning: "the connect string is empty", remedy: "Set --oracle-connect." },
    Remedy {
        codes: &[Ora(12170), Ora(12535), Ora(12606), Ora(12608)],
        meaning: "the connection timed out; a TLS fault can look like this",
        remedy: "Check the firewall and the access control list, then the wallet and the client's version.",
    },
    Remedy {
        codes: &[Ora(12537), Ora(12547), Ora(12569), Ora(12571)],
        meaning: "the server closed the connection, or does not speak this protocol",
        remedy: "Use protocol=tcps with Autonomous Database, and no HTTP proxy in between.",
    },
    Remedy {
        codes: &[Ora(12560)],
        meaning: "the client could not use the protocol as it is set",
        remedy: "Check protocol, host and port in --oracle-connect, and the lines SSL_… and TLS_… in the sqlnet.ora of \
                 --oracle-config.",
    },
    Remedy {
        codes: &[Ora(12637)],
        meaning: "the server broke off while client and server agreed on the log-in",
        remedy: "Check for a firewall or a container network in between; DISABLE_OOB=on in the sqlnet.ora of \
                 --oracle-config helps against some.",
    },
    Remedy {
        codes: &[Ora(12650), Ora(12651), Ora(12660), Ora(12696)],
        meaning: "the sqlnet.ora asks for an encryption or a checksum that the server does not have, or that TLS replaces",
        remedy: "Remove the lines SQLNET.ENCRYPTION… and SQLNET.CRYPTO_CHECKSUM… from the sqlnet.ora of \
                 --oracle-config.",
    },
    // TLS.
    Remedy {
        codes: &[Ora(12561)],
        meaning: "TLS failed, and the client hides the cause",
        remedy: "Run passmint check: it finds the cause.",
    },
    Remedy {
        codes: &[Ora(28759)],
        meaning: "the wallet cannot be read, or the client is too old to connect without one",
        remedy: "Check the folder in --oracle-config and its files' permissions, or install Instant Client 23.",
    },
    Remedy {
        codes: &[Ora(29106), Ora(28756), Ora(28768), Ora(28771), Ora(28782)],
        meaning: "the wallet is damaged",
        remedy: "Download the wallet again, and unzip all of it into the folder of --oracle-config.",
    },
    Remedy {
        codes: &[Ora(29024)],
        meaning: "the database's certificate is not trusted, or has expired",
        remedy: "Download the wallet again (without a wallet: install the system's ca-certificates), and check this \
                 machine's clock.",
    },
    Remedy {
        codes: &[Ora(29002), Ora(29003)],
        meaning: "the certificate is that of another server",
        remedy: "Check the host in --oracle-connect: it must be the name in the certificate, not an IP address. An \
                 ssl_server_cert_dn there must be the certificate's whole name. If both are right, something between this machine and the database answers in its place: find out what, and \
                 leave ssl_server_dn_match on.",
    },
    Remedy {
        codes: &[Ora(28860)],
        meaning: "the server broke TLS off; most often it requires a wallet with a certificate",
        remedy: "Use the wallet and port 1522, or allow TLS without a wallet in the console.",
    },
    Remedy {
        codes: &[Ora(29019), Ora(28859), Ora(28863)],
        meaning: "client and server have no version of TLS in common, or what answers there is not TLS",
        remedy: "Install Instant Client 23, check the port (1521 for TLS, 1522 with a wallet), and use no HTTP proxy in \
                 between.",
    },
    Remedy {
        codes: &[Ora(28862), Ora(28864), Ora(28865)],
        meaning: "the connection was cut while TLS began",
        remedy: "Check for a firewall or proxy in between that inspects TLS, and the access control list.",
    },
    // Limits of sessions, locks, space and memory.
    Remedy {
        codes: &[Ora(18), Ora(20), Ora(12516), Ora(12519), Ora(12520)],
        meaning: "the database has no free session (an Always Free database has 30)",
        remedy: "Lower --oracle-pool, and close other tools.",
    },
    Remedy {
        codes: &[Ora(24418), Ora(24457), Ora(24459), Ora(24496)],
        meaning: "all of the client's connections are in use",
        remedy: "Raise --oracle-pool, if the database has free sessions.",
    },
    Remedy {
        codes: &[Ora(54), Ora(60), Ora(4021), Ora(30006)],
        meaning: "another session holds a lock for too long",
        remedy: "Once, it needs no action. If it happens often, end other tools that use Passmint's tables.",
    },
    Remedy {
        codes: &[
            Ora(257),
            Ora(1652),
            Ora(1653),
            Ora(1654),
            Ora(1655),
            Ora(1658),
            Ora(1688),
            Ora(1691),
            Ora(1692),
            Ora(30036),
            Ora(65114),
        ],
        meaning: "the database has no space left",
        remedy: "Make space, or give the database more storage in the console.",
    },
    Remedy {
        codes: &[Ora(4030), Ora(4031), Ora(4036)],
        meaning: "the database has not enough memory at present",
        remedy: "Wait a minute. If it stays so, close other tools, or restart the database in the console.",
    },
    Remedy {
        codes: &[Ora(1950), Ora(1536)],
        meaning: "the database user has no quota, or has used it up",
        remedy: "As ADMIN: ALTER USER … QUOTA 1G ON data.",
    },
    // The user's rights, and the service.
    Remedy {
        codes: &[Ora(942)],
        meaning: "a table does not exist, or this user may not access it",
        remedy: "Grant CREATE TABLE to the user and start again: Passmint makes its tables.",
    },
    Remedy {
        codes: &[Ora(955)],
        meaning: "a table or an index of that name exists already",
        remedy: "Give Passmint a database user of its own.",
    },
    Remedy {
        codes: &[Ora(1031)],
        meaning: "the database user lacks a privilege",
        remedy: "As ADMIN: GRANT CREATE SESSION, CREATE TABLE TO the user.",
    },
    Remedy {
        codes: &[Ora(12838)],
        meaning: "the service runs statements in parallel",
        remedy: "Use the service that ends in _tp.",
    },
    Remedy {
        codes: &[Ora(16000)],
        meaning: "the database is open for reading only",
        remedy: "Open it for writing in the console.",
    },
    // Bugs.
    Remedy { codes: &[Ora(1)], meaning: "a row of that key exists already", remedy: REPORT },
    Remedy {
        codes: &[
            Ora(1400),
            Ora(1401),
            Ora(1407),
            Ora(1438),
            Ora(1455),
            Ora(1461),
            Ora(1465),
            Ora(1722),
            Ora(2290),
            Ora(2291),
            Ora(2292),
            Ora(12899),
        ],
        meaning: "the database refuses a value",
        remedy: REPORT,
    },
    Remedy {
        codes: &[Ora(900), Ora(904), Ora(932), Ora(1008), Ora(3115), Ora(6502), Ora(6550)],
        meaning: "the database does not accept a statement",
        remedy: REPORT,
    },
];
