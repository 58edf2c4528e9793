// MicroPython's configuration (MP_CONFIGFILE): the port's own, and what it leaves no choice about.
//
// v1.25.0 defines WebREPL in mpconfigport.h without #ifndef, so that neither the board's header
// nor -DMICROPY_PY_WEBREPL=0 has an effect, and passes -DMICROPY_PY_BTREE=1 from CMake.
#include <mpconfigport.h>

#undef MICROPY_PY_BTREE
#define MICROPY_PY_BTREE (0)

#undef MICROPY_PY_WEBREPL
#define MICROPY_PY_WEBREPL (0)
#undef MICROPY_PY_WEBSOCKET
#define MICROPY_PY_WEBSOCKET (0)
#undef MICROPY_PY_SOCKET_EVENTS_HANDLER // defined for WebREPL's events, which are gone with it
#define MICROPY_PY_SOCKET_EVENTS_HANDLER
