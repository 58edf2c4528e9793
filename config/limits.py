"""Limits of parsers, servers, queues and waits: sizes, counts, rates and deadlines.

The comment of a limit says what it applies to and, after the semicolon, what happens beyond it.
`make docs` writes both into the reference. The ranges of settings are in app/settings/schema.py.
"""

# Connections
# of the chip's ten sockets, two listen, one is for the broker and one for datagrams; the port of
# RTSP takes one of these six
CONNECTIONS = 6  # HTTP, telnet and RTSP; a new one replaces an idle one, or is refused (503)
CONNECTION_BACKLOG = 16  # connections to accept, on each port; the network stack drops more
# a browser connects several times at once, and sends its requests a round trip later
CONNECTION_NEW_MS = 200  # a new connection sends nothing; then it counts as idle
CONNECTION_ROOM_MS = 500  # wait of a new connection until there is room; then it is refused
# even on a slow network, a peer accepts some data in that time
CONNECTION_STUCK_MS = 500  # a peer accepts no data; then its connection counts as idle
CONNECT_MS = 10_000  # TCP connection to a server; then the attempt fails
STALL_MS = 10_000  # wait for a peer to send or to accept data; then its connection is closed
TRANSFER_RATE_BYTES = 1_024  # rate per second; a slower upload ends, a slower download is resumed
TRANSFER_RATE_MS = 30_000  # time spent waiting for the peer; then that rate is checked
TLS_CA_BYTES = 16_384  # CA or client certificate; a longer one is refused
TLS_KEY_BYTES = 4_096  # key of the client certificate; a longer one is refused

# HTTP server
HTTP_PAGES_BYTES = 36_864  # free memory before the pages are loaded; with less, requests get 503
HTTP_HEAD_BYTES = 3_072  # request line and headers; a longer head gets 431
HTTP_HEADERS = 64  # headers of a request; more get 431
HTTP_TARGET_BYTES = 1_024  # path and query string; a longer one gets 414
HTTP_HEAD_MS = 10_000  # receiving the head; then 408
HTTP_HEAD_PAUSE_MS = 200  # pause in the rest of a refused request; then its connection is closed
HTTP_BODY_BYTES = 32_768  # body that is held in memory; a longer one gets 413
# a password and the path of the next page fit
HTTP_LOGIN_BYTES = 2_048  # body of a request that needs no login; a longer one gets 413
HTTP_BODY_MS = 10_000  # receiving that body, or a pause in an upload; then the request ends
HTTP_FORM_CHARS = TLS_CA_BYTES + 1_024  # names and values of a form; more get 413
HTTP_JSON_BYTES = 4_096  # JSON for commands and camera parameters; more get 413
HTTP_SETTINGS_BYTES = TLS_CA_BYTES + 8_192  # JSON for settings; more get 413
# more than any slot holds
HTTP_UPLOAD_BYTES = 2_097_152  # image or archive of an update; a longer one gets 413
# a request whose client has gone gives way at once
HTTP_BUSY_MS = 5_000  # handling of a request; a slower one gives way to a new connection
HTTP_DISCARD_MS = 10_000  # discarding the unread rest of a body; then the connection is closed
HTTP_LINGER_MS = 1_000  # the same after a refused request; then the connection is closed
HTTP_VIEWERS = 4  # live streams at a time; one more gets 503
HTTP_VIEWER_PAUSE_MS = 1_000  # pause of a stream when there is no picture; then it tries again

# RTSP server
RTSP_SESSIONS = 2  # clients at a time; one more is refused (503)
RTSP_SESSION_MS = 60_000  # client that sends neither request nor report; then it is closed
RTSP_HEAD_BYTES = 1_024  # request line and headers; a longer head gets 413
RTSP_BODY_BYTES = 4_096  # body of a request, which is skipped; a longer one gets 413
# RTP on TCP need not fit a segment, and 1,400 bytes would take a quarter of the rate on the PC
RTSP_PACKET_BYTES = 60_000  # picture data in a packet; the rest follows in further ones
RTSP_HEADERS_BYTES = 2_048  # headers of a picture that are compared; longer ones are parsed again
RTSP_REPORT_MS = 5_000  # time between two sender reports; then the next one is sent

# Motion
# 160 take about 3 ms on the chip, in which no other task runs
MOTION_STEP_MCUS = 160  # MCUs of a picture decoded at once; the rest follows in further steps
MOTION_PICTURES = 10  # most that the setting `motionpictures` allows; more are refused
MOTION_BYTES = 1_000_000  # all pictures around motion that wait; then the oldest are dropped

# Logins
LOGIN_SESSIONS = 4  # browser sessions; a further login ends the least recently used one
LOGIN_IDLE_MS = 1_800_000  # a session without a request; then it ends
LOGIN_HEADERS = 2  # HTTP Basic logins that are remembered; others take longer to check
LOGIN_FAILURES_PER_ADDRESS = 5  # wrong passwords in a row; each further attempt has to wait (429)
LOGIN_PAUSE_MS = 30_000  # that wait, after each wrong password; then one more attempt
LOGIN_FORGIVEN_MS = 600_000  # no attempt from an address; then its failures are forgotten
LOGIN_ADDRESSES = 8  # addresses with failures, and as many with a login; new ones replace others
LOGIN_FAILURES = 30  # wrong passwords from addresses without a login; these have to wait (429)
LOGIN_FAILURES_MS = 60_000  # period in which these failures count; then they are forgotten
PASSWORD_BYTES = 63  # admin password; a longer one is refused
# a damaged hash must not cost minutes
PASSWORD_ROUNDS = 10_000  # PBKDF2 rounds of a stored hash; with more, the hash is unusable

# Consoles
CONSOLE_LINE_BYTES = 320  # typed line; a longer one is not run
CONSOLE_PASTE_MS = 5_000  # pause between pasted lines of a certificate; then it is given up
CONSOLE_HISTORY_LINES = 8  # lines of history; the oldest is forgotten
# the whole log fits
CONSOLE_OUTPUT_BYTES = 6_144  # output that waits for a console; further lines are lost and counted
UART_WAITING = 8  # lines and packets that wait to be processed; then the UART is not read
TELNET_CONSOLES = 2  # consoles at a time; one more is refused
TELNET_FAILURES = 3  # wrong passwords on one connection; then it is closed
TELNET_KEY_MS = 60_000  # wait for each key of the password; then the connection is closed
TELNET_IDLE_MS = 600_000  # console without input; then its connection is closed
TELNET_STALL_MS = 60_000  # client that accepts no output; then its connection is closed
# USB adapters deliver bytes in bursts; Ctrl-C, too, counts only after such a pause
IMPROV_GAP_MS = 100  # between two bytes of a packet; then the packet counts as damaged
# clients wait for 30 s or longer
IMPROV_JOIN_MS = 28_000  # joining a network; then the client gets "unable to connect"

# MQTT
MQTT_CONNECT_MS = 15_000  # DNS, TCP, TLS and the broker's CONNACK; then the attempt fails
MQTT_LOGIN_PAUSE_MS = 30_000  # pause after a refused login, at least; then the next attempt
MQTT_STABLE_MS = 30_000  # duration of a link; after a longer one, the pauses are short again
MQTT_SUBACK_MS = 20_000  # neither SUBACK nor a message; then the link is closed
MQTT_PUBACK_MS = 20_000  # no PUBACK, although pings are answered; then the link is closed
MQTT_OUTBOX_MESSAGES = 16  # QoS 1 messages without an acknowledgement; then their senders wait
MQTT_EVENTS = 16  # button events that wait to be sent; further ones are dropped
WEBSOCKET_HEAD_BYTES = 2_048  # answer of a web server to a WebSocket; a longer one is refused
MQTT_TOPIC_BYTES = 256  # topic of a message; a message with a longer one is skipped
MQTT_PACKET_BYTES = 64  # any packet from the broker but PUBLISH; a longer one ends the link
# brokers wait for 10 to 32 acknowledgements at a time
MQTT_PACKET_IDS = 64  # packet ids remembered to drop duplicates; the oldest is forgotten
MQTT_ARGUMENT_BYTES = 1_024  # argument of a command; a longer one gets a syntax reply
# a hub that sets 500 values at once gets 500 replies
MQTT_COMMANDS_WAITING = 512  # commands that wait; further ones are not run, and the reply says so
MQTT_COMMANDS_BYTES = 32_768  # their names and arguments; commands beyond that are not run either
MQTT_COMMAND_PAUSE_MS = 5  # pause after each command, for other tasks; then the next one runs
MQTT_RETAINED_LOGGED = 8  # retained commands in the log, per link; further ones are not logged
MQTT_LOST_LINKS = 2  # links lost in a row on a picture; then smaller pictures are sent
MQTT_HELD_S = 60  # time for which they are; then a larger one is tried
MQTT_HELD_LONGEST_S = 3_600  # that time, doubled after each failure; it gets no longer
MQTT_CLOSES_MS = 3_000  # link that ends so soon after a message; then the message is the reason
MQTT_SMALL_BYTES = 2_048  # a message; only of a larger one, the size may be the reason
MQTT_PICTURES_OVER = 6  # pictures larger than `pubmaxbytes` in a row; then a pause as usual

# Wi-Fi, name server, time
WIFI_JOIN_MS = 15_000  # joining a network and getting an address; then the attempt fails
WIFI_TRIES = 6  # access points of known names that are tried in a row; then a pause
WIFI_FAILED = 16  # access points remembered that have failed; the oldest is forgotten
WIFI_FAILED_MS = 600_000  # for which such a one is tried last; then as the others
WIFI_ROAM_MS = 60_000  # between two scans for a stronger access point; then the next one
WIFI_ROAM_DB = 10  # by which another one must be stronger; otherwise the camera stays
WIFI_HOLD_MS = 300_000  # extra pause while the access point has clients; then the next attempt
WIFI_LISTED = 20  # networks listed on pages and over Improv; weaker ones are left out
WIFI_START_PAUSE_S = 10  # pause after Wi-Fi failed to start, doubled each time; then a restart
AP_IDLE_MS = 600_000  # access point without a client, if a network is set; then it closes
AP_PAUSE_MS = 10_000  # pause after the access point failed to open; then the next attempt
# more than any question needs; what follows it in the packet is not needed
DNS_QUERY_BYTES = 300  # query to the access point's name server; the rest of it is not read
DNS_PAUSE_MS = 5_000  # pause after the name server failed; then it starts again
SNTP_STRAYS = 8  # datagrams other than the response; then the request fails
CLOCK_BACK_S = 86_400  # step back that one server may cause; a larger one needs a second server
CLOCK_AGREE_S = 60  # difference between the two; with more, the clock keeps its time
SYSLOG_PAUSE_MS = 30_000  # pause after a line could not be sent; then it is sent again

# Pictures
CAMERA_CAPTURE_MS = 3_000  # one capture; then the next step of recovery
PRIVACY_MS = 3_000  # pictures on their way when privacy begins; then the link to the broker closes
CAMERA_STOP_MS = 5_000  # stopping the camera for an update; then the update goes on
CAMERA_RESERVE_BYTES = 65_536  # heap that stays free for the rest; with less, pictures get smaller
CAMERA_LOG_LINES = 12  # different log lines about one fault; further ones are not logged
PICTURE_BYTES = 1_000_000  # one picture; a larger one is dropped
PICTURE_SLOTS = 6  # pictures in memory; then the camera waits for its readers
PICTURE_HOLD_MS = 2_000  # all slots held by slow readers; then their streams are closed
PICTURE_FAILING_MS = 8_000  # captures that fail in a row; then readers get the reason (503)
FLASH_MS = 15_000  # lamp on for one picture; then it is switched off
# longer than the usual interval between pictures
PICTURE_KEEP_S = 8  # no reader; then the memory of the pictures is freed

RATE_LEAST = 0.1  # pictures per second of a stream or the live view; a lower one is refused
RATE_MOST = 30  # pictures per second of a stream or the live view; a higher one is refused
LIVE_S = 600  # live view of one command `live`; a longer one is refused
LIVE_RATE = 5  # pictures per second, unless the command has a rate; further ones are not taken
KEPT_PICTURES = 50  # most that the setting `keep` allows; more are refused
KEPT_BYTES = 1_500_000  # all pictures kept while the broker is away; then the oldest are dropped
# for pictures of viewers, TLS and updates
KEPT_RESERVE_BYTES = 1_000_000  # heap that stays free; with less, fewer pictures are kept
# TLS included
PUSH_MS = 30_000  # one attempt to post a picture; then it fails
PUSH_STALL_MS = 10_000  # no data from the server; then the attempt fails
PUSH_ATTEMPTS = 3  # attempts to post a picture; then it is dropped
PUSH_PAUSE_MS = 2_000  # pause after an attempt that failed; then the next one

# Updates
UPDATE_MQTT_STALL_MS = 20_000  # no data over MQTT; then the update ends
UPDATE_MQTT_REPLY_MS = 30_000  # wait for a link on which to reply `off`; then the reply is dropped
UPDATE_CONNECT_MS = 20_000  # DNS, TCP and TLS; then the attempt fails
UPDATE_STALL_MS = 30_000  # no data from the server; then the download is resumed
UPDATE_PAUSE_MS = 2_000  # pause before a download is resumed; then the next attempt
UPDATE_ATTEMPTS = 5  # attempts to resume a download; then it fails
UPDATE_PROGRESS_BYTES = 65_536  # data since an attempt; then all attempts are available again
# more than an image takes at the lowest rate
UPDATE_MS = 1_800_000  # a whole download; then it fails
UPDATE_REDIRECTS = 5  # redirects in a row; with more, the download fails
UPDATE_INTERIM = 8  # interim responses (1xx); with more, the download fails
UPDATE_HEADERS = 64  # lines in the head of a response; with more, the download fails
UPDATE_LINE_BYTES = 1_024  # header that the download needs; if it is longer, the download fails
UPDATE_SKIPPED_BYTES = 16_384  # any other header; if it is longer, the download fails
UPDATE_REPORT_MS = 1_000  # between progress reports; earlier ones are left out
UPDATE_MANIFEST_BYTES = 8_192  # manifest of a release; a longer one is refused
UPDATE_SUMMARY_CHARS = 255  # summary of a release for hubs; the rest is cut off
UPDATE_CHECK_SPREAD_MS = 10_000  # random pause before the first check of a release; then it begins
UPDATE_CHECK_MS = 86_400_000  # the newest release is known; then it is checked again
UPDATE_CHECK_RETRY_MS = 900_000  # pause after a check failed; then the next attempt
UPDATE_TRIAL_MS = 300_000  # trial of a version that confirms itself; then the previous one returns
ARCHIVE_FILES = 400  # files in the archive of an application; more are refused, or not mounted
ARCHIVE_FILE_BYTES = 262_144  # one of these files; a larger one is refused
ARCHIVE_NAME_BYTES = 80  # name of a file; a longer one is refused
# for the file system itself, and for settings that are saved during the update
ARCHIVE_SPARE_BLOCKS = 4  # blocks of flash that stay free; an archive that needs them is refused

# Deep sleep
# longer than the usual `apfallback`, so that a camera that cannot join opens its access point
SLEEP_ATTENDED_MS = 300_000  # after a press, power-on or a restart; then the camera sleeps
SLEEP_PAGE_MS = 40_000  # after a request of a page; then the camera sleeps
SLEEP_CONNECT_MS = 45_000  # Wi-Fi and broker after a wake; then the camera sleeps without them
SLEEP_PUBLISH_MS = 60_000  # picture and telemetry after a wake; then the camera sleeps
SLEEP_OFFLINE_MS = 10_000  # end of the link to the broker; then the camera sleeps anyway
SLEEP_LONGEST_S = 3_600  # sleep, doubled after each wake without a broker; it gets no longer
SLEEP_CLOCK_S = 86_400  # age of the time after a sleep; then a time server is queried

# System
# fits NVS_VALUE_BYTES, as a longer record would not be stored at all
SETTINGS_JOURNAL_BYTES = 2_400  # changes saved as one; of more, a power cut may leave only a part
SETTINGS_SAVE_MS = 500  # wait for more changes after a command; then all are stored
SETTINGS_PAUSE_MS = 60_000  # pause after flash refused a save; then the next attempt
# a larger blob that fails can make later writes fail (ESP-IDF 5.2)
NVS_VALUE_BYTES = 2_500  # one stored value; a larger one is neither stored nor read
TIMER_MINUTES = 1_440  # countdown of the power output; a longer one is refused
LOG_LINES = 32  # lines in the log; the oldest is dropped
LOG_LINE_CHARS = 160  # line of the log; the rest is cut off
PAUSE_FIRST_MS = 1_000  # first pause after a failure of Wi-Fi, broker or a component; then a retry
PAUSE_LONGEST_MS = 30_000  # that pause, doubled after each failure; it gets no longer
COMPONENT_HEALTHY_MS = 60_000  # run of a component; after a longer one, its pauses are short again
MEMORY_SHORT_MS = 24_000  # no free block of 1 KB; then the camera restarts
START_HEALTHY_MS = 60_000  # run after a start; a start that lasts longer has not failed
SAFE_MODE_S = 300  # safe mode; then a normal start
SAFE_MODE_TRIES = 3  # normal starts that fail in a row; then safe mode lasts longer
SAFE_MODE_LONG_S = 3_600  # safe mode from then on; then a normal start
RESTART_REPLY_MS = 500  # time to send the reply to a request; then the camera restarts
RESTART_OFFLINE_MS = 2_000  # publishing `Offline` before that; then the camera restarts anyway
# longer than the slowest step of a TLS handshake
WATCHDOG_MS = 30_000  # event loop that is blocked; then the chip restarts
# a collection takes tens of milliseconds
GARBAGE_BYTES = 8_192  # new data, or a quarter of the free heap if more; then a garbage collection
