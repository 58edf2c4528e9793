// MicroPython's configuration (MP_CONFIGFILE): the port's, with options that a board cannot change.
//
// MicroPython 1.25.0 defines WebREPL in mpconfigport.h without #ifndef, so neither the board's header
// nor -DMICROPY_PY_WEBREPL=0 has an effect, and its CMake files pass -DMICROPY_PY_BTREE=1.
#include <mpconfigport.h>

#undef MICROPY_PY_BTREE
#define MICROPY_PY_BTREE (0)

#undef MICROPY_PY_WEBREPL
#define MICROPY_PY_WEBREPL (0)
#undef MICROPY_PY_WEBSOCKET
#define MICROPY_PY_WEBSOCKET (0)
#undef MICROPY_PY_SOCKET_EVENTS_HANDLER // defined for WebREPL's events only
#define MICROPY_PY_SOCKET_EVENTS_HANDLER
