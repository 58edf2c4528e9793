"""Limits of parsers, servers, queues and waits: sizes, counts, rates and deadlines.

The comment of a limit says what it applies to and, after the semicolon, what happens beyond it.
`make docs` writes both into the reference. The ranges of settings are in app/settings/schema.py.
"""

# Connections
# of the chip's ten sockets two listen, one has the broker, one is for datagrams
CONNECTIONS = 6  # HTTP and telnet together; a new one replaces an idle one, or is refused (503)
CONNECTION_BACKLOG = 16  # connections to be accepted on each port; the network stack drops more
# a browser sends several requests at once
CONNECTION_ROOM_MS = 500  # a new connection waits for another to end; then it is refused
# on a slow network a peer accepts something in that time
CONNECTION_STUCK_MS = 500  # a peer receives nothing; then its connection counts as idle
CONNECT_MS = 10_000  # a server accepts a connection; then the attempt fails
STALL_MS = 10_000  # a wait for a peer to send or to receive; then its connection is closed
TRANSFER_RATE_BYTES = 1_024  # per second; a slower upload ends, a slower download is resumed
TRANSFER_RATE_MS = 30_000  # time spent waiting for the peer; then that rate is checked
TLS_CA_BYTES = 8_192  # CA certificate; a longer one is refused

# HTTP server
HTTP_HEAD_BYTES = 3_072  # request line and headers; a longer head gets 431
HTTP_HEADERS = 64  # headers of a request; more get 431
HTTP_TARGET_BYTES = 1_024  # path and query string; a longer one gets 414
HTTP_HEAD_MS = 10_000  # the head arrives; then 408
HTTP_HEAD_PAUSE_MS = 200  # pause within a head that is too long; then its connection is closed
HTTP_BODY_BYTES = 16_384  # body that is held in memory; a longer one gets 413
# a password, and the page that follows it
HTTP_LOGIN_BYTES = 2_048  # body of a request that anyone may send; a longer one gets 413
HTTP_BODY_MS = 10_000  # that body arrives, an upload pauses; then the connection is closed
HTTP_FORM_CHARS = TLS_CA_BYTES + 1_024  # names and values of a form; more get 413
HTTP_JSON_BYTES = 4_096  # JSON for commands and camera parameters; more get 413
HTTP_SETTINGS_BYTES = TLS_CA_BYTES + 2_048  # JSON for settings; more get 413
# more than any slot holds
HTTP_UPLOAD_BYTES = 2_097_152  # upload of an update; a longer one gets 413
HTTP_BUSY_MS = 5_000  # a request; a slower one gives way to a new connection
HTTP_DISCARD_MS = 10_000  # the rest of a body, after the response; then its connection is closed
HTTP_LINGER_MS = 1_000  # the same after a refusal; then the connection is closed
HTTP_VIEWERS = 4  # streams at a time; one more gets 503
HTTP_VIEWER_PAUSE_MS = 1_000  # pause of a stream without a picture; then it tries again

# Logins
LOGIN_SESSIONS = 4  # sessions of browsers; a further login ends the least recently used one
LOGIN_IDLE_MS = 1_800_000  # a session without a request; then it ends
LOGIN_HEADERS = 2  # logins by HTTP Basic that are remembered; checking others takes longer
LOGIN_FAILURES_PER_ADDRESS = 5  # wrong passwords in a row; each further attempt has to wait (429)
LOGIN_PAUSE_MS = 30_000  # that wait, after each wrong password; then one more attempt
LOGIN_FORGIVEN_MS = 600_000  # an address without an attempt; then its failures are forgotten
LOGIN_ADDRESSES = 8  # addresses with failures, and with a login; a new one replaces another
LOGIN_FAILURES = 30  # wrong passwords of all addresses without a login; these have to wait (429)
LOGIN_FAILURES_MS = 60_000  # time in which these failures count; then they are forgotten
PASSWORD_BYTES = 63  # admin password; a longer one is refused
# a damaged hash must not cost minutes
PASSWORD_ROUNDS = 10_000  # PBKDF2 rounds of a stored hash; one with more is unusable

# Consoles
CONSOLE_LINE_BYTES = 255  # a line that is typed; a longer one is not run
CONSOLE_HISTORY_LINES = 8  # lines that can be recalled; the oldest is forgotten
# the whole log fits
CONSOLE_OUTPUT_BYTES = 6_144  # output that waits for a console; more lines are lost, and counted
UART_WAITING = 8  # lines and packets that wait; then the UART is not read
TELNET_CONSOLES = 2  # consoles at a time; one more is refused
TELNET_FAILURES = 3  # wrong passwords on one connection; then it is closed
TELNET_KEY_MS = 60_000  # each key of a password; then the connection is closed
TELNET_IDLE_MS = 600_000  # a console without a key; then its connection is closed
TELNET_STALL_MS = 60_000  # a client that receives nothing; then its connection is closed
# USB adapters deliver bytes in bursts
IMPROV_GAP_MS = 100  # between two bytes of a packet; then the packet counts as damaged
# clients wait for 30 s or longer
IMPROV_JOIN_MS = 28_000  # joining a network; then the client gets "unable to connect"

# MQTT
MQTT_CONNECT_MS = 15_000  # name, TCP, TLS and the broker's answer; then the attempt fails
MQTT_LOGIN_PAUSE_MS = 30_000  # pause after a refused login, at least; then the next attempt
MQTT_STABLE_MS = 30_000  # a link; after one that lasts longer the pauses are short again
MQTT_SUBACK_MS = 20_000  # neither SUBACK nor a message; then the link is closed
MQTT_PUBACK_MS = 20_000  # no PUBACK, although pings are answered; then the link is closed
MQTT_OUTBOX_MESSAGES = 16  # messages at QoS 1 that wait; then their senders wait
MQTT_EVENTS = 16  # events of the button that wait; more are dropped
MQTT_TOPIC_BYTES = 256  # topic of a message; a message with a longer one is skipped
MQTT_PACKET_BYTES = 64  # packet that is not a message; a longer one ends the link
# brokers wait for 10 to 32 acknowledgements at a time
MQTT_PACKET_IDS = 64  # packet ids remembered to drop duplicates; the oldest is forgotten
MQTT_ARGUMENT_BYTES = 1_024  # argument of a command; a longer one gets a syntax reply
# a hub that sets 500 values at once gets 500 replies
MQTT_COMMANDS_WAITING = 512  # commands that wait; more are not run, and the reply says so
MQTT_COMMANDS_BYTES = 32_768  # names and arguments of these; more are not run either
MQTT_COMMAND_PAUSE_MS = 5  # pause after each command, for other tasks; then the next one runs
MQTT_RETAINED_LOGGED = 8  # retained commands in the log, per link; more are not logged
MQTT_LOST_LINKS = 3  # links lost in turn on a picture; then such large ones are held back
MQTT_HELD_S = 60  # pictures that are held back; then one is tried again
MQTT_HELD_LONGEST_S = 3_600  # that time, doubled after each failure; it gets no longer

# Wi-Fi, name server, time
WIFI_JOIN_MS = 15_000  # joining, until there is an address; then the attempt fails
WIFI_HOLD_MS = 300_000  # longer pause while the access point has clients; then the next attempt
WIFI_LISTED = 20  # networks that pages and Improv list; weaker ones are left out
WIFI_START_PAUSE_S = 10  # pause after Wi-Fi did not start, doubled each time; then a restart
AP_IDLE_MS = 600_000  # no client, while a network is set; then the access point closes
AP_PAUSE_MS = 10_000  # pause after the access point did not open; then the next attempt
# more than any question; what follows in the packet is not needed
DNS_QUERY_BYTES = 300  # query to the access point's name server; the rest of it is not read
DNS_PAUSE_MS = 5_000  # pause after the name server failed; then it starts again
SNTP_STRAYS = 8  # datagrams from other senders; then the request fails
CLOCK_BACK_S = 86_400  # by which one server may set the clock back; more needs a second one
CLOCK_AGREE_S = 60  # difference of these servers; with more, the clock keeps its time
SYSLOG_PAUSE_MS = 30_000  # pause after a line could not be sent; then it is sent again

# Pictures
CAMERA_CAPTURE_MS = 3_000  # one capture; then the next step of recovery
CAMERA_STOP_MS = 5_000  # stopping the camera for an update; then the update goes on
CAMERA_RESERVE_BYTES = 65_536  # free heap beside the camera; with less, pictures are smaller
CAMERA_LOG_LINES = 12  # different lines of the log about one fault; more are not logged
PICTURE_BYTES = 1_000_000  # one picture; a larger one is dropped
PICTURE_PADDING_BYTES = 16_384  # 00 or FF after a JPEG; with more, the picture is dropped
PICTURE_SLOTS = 6  # pictures in memory; then the camera waits for its readers
PICTURE_HOLD_MS = 2_000  # slow readers hold all slots; then their streams are closed
PICTURE_FAILING_MS = 8_000  # failures in a row; then readers get the reason (503)
# longer than the usual intervals of pictures
PICTURE_KEEP_S = 8  # pictures without a reader; then their memory is freed

# Updates
UPDATE_MQTT_STALL_MS = 20_000  # no data over MQTT; then the update ends
UPDATE_MQTT_REPLY_MS = 30_000  # wait for a link to reply `off`; then the reply is dropped
UPDATE_CONNECT_MS = 20_000  # looking up a server, TCP and TLS; then the attempt fails
UPDATE_STALL_MS = 30_000  # no data from the server; then the download is resumed
UPDATE_PAUSE_MS = 2_000  # pause before a download is resumed; then the next attempt
UPDATE_ATTEMPTS = 5  # attempts to resume a download; then it fails
UPDATE_PROGRESS_BYTES = 65_536  # progress since an attempt; then all attempts are available again
# more than an image takes at the lowest rate
UPDATE_MS = 1_800_000  # a whole download; then it fails
UPDATE_REDIRECTS = 5  # redirects of a server; one more fails
UPDATE_INTERIM = 8  # interim responses (1xx) of a server; one more fails
UPDATE_HEADERS = 64  # lines of a response's head; more fail
UPDATE_LINE_BYTES = 1_024  # line of a head that is needed; a longer one fails
UPDATE_SKIPPED_BYTES = 16_384  # header that is skipped; a longer one fails
UPDATE_REPORT_MS = 1_000  # between reports of the progress; earlier ones are left out
UPDATE_MANIFEST_BYTES = 8_192  # manifest of a release; a longer one is refused
UPDATE_SUMMARY_CHARS = 255  # summary of a release for hubs; the rest is cut off
UPDATE_CHECK_SPREAD_MS = 10_000  # random pause before the first check of a release; then it begins
UPDATE_CHECK_MS = 86_400_000  # the newest release is known; then it is checked again
UPDATE_CHECK_RETRY_MS = 900_000  # pause after a check failed; then the next attempt
UPDATE_TRIAL_MS = 300_000  # trial, until everything works; then the previous firmware returns
ARCHIVE_FILES = 400  # files of an application; more are refused
ARCHIVE_FILE_BYTES = 262_144  # one of these files; a larger one is refused
ARCHIVE_NAME_BYTES = 80  # name of a file; a longer one is refused
# 2 MB: larger than any file system on 4 MB of flash
ARCHIVE_RECORDS = 4_096  # of 512 bytes, in a whole archive; a longer one is not mounted
# for the file system itself, and for settings that are saved meanwhile
ARCHIVE_SPARE_BLOCKS = 4  # blocks of flash that stay free; an archive that needs them is refused

# System
# all settings at their longest need less
SETTINGS_JOURNAL_BYTES = 2_400  # changes saved as one; a power cut may leave a part of more
SETTINGS_SAVE_MS = 500  # a change by command waits for more changes; then all are stored
SETTINGS_PAUSE_MS = 60_000  # pause after the flash refused a save; then the next attempt
# a larger blob that fails can make later writes fail (ESP-IDF 5.2)
NVS_VALUE_BYTES = 2_500  # one stored value; a larger one is not stored, and not read
TIMER_MINUTES = 1_440  # countdown of the power output; a longer one is refused
LOG_LINES = 32  # lines that the log keeps; the oldest is dropped
LOG_LINE_CHARS = 160  # one line of the log; the rest is cut off
PAUSE_FIRST_MS = 1_000  # first pause of Wi-Fi, broker, camera and components; then a retry
PAUSE_LONGEST_MS = 30_000  # that pause, doubled after each failure; it gets no longer
COMPONENT_HEALTHY_MS = 60_000  # a component; after a longer run its pauses are short again
MEMORY_SHORT_MS = 24_000  # no 1 KB of memory in one piece; then the camera restarts
START_HEALTHY_MS = 60_000  # a start; one that lasts longer has not failed
SAFE_MODE_S = 300  # safe mode; then a normal start
SAFE_MODE_TRIES = 3  # normal starts that failed; then safe mode lasts longer
SAFE_MODE_LONG_S = 3_600  # safe mode after these; then a normal start
RESTART_REPLY_MS = 500  # the reply to the request; then the camera restarts
RESTART_OFFLINE_MS = 2_000  # publishing `Offline` before it; then the camera restarts anyway
# longer than the slowest step of a TLS handshake
WATCHDOG_MS = 30_000  # a loop that does not run; then the chip restarts
# a collection takes some milliseconds
GARBAGE_BYTES = 8_192  # garbage, at least, or a quarter of the free heap; then it is collected
