// MicroPython on an ESP32-CAM: what the camera does not use makes room for its driver.
#define MICROPY_HW_BOARD_NAME "ESP32-CAM with esp32-mqtt-cam"
#define MICROPY_HW_MCU_NAME "ESP32"

#define MICROPY_PY_BLUETOOTH (0)
#define MICROPY_PY_ESPNOW (0)
#define MICROPY_PY_NETWORK_LAN (0)
#define MICROPY_PY_WEBREPL (0)
#define MICROPY_PY_FRAMEBUF (0)
#define MICROPY_PY_BTREE (0)
#define MICROPY_ENABLE_SOURCE_LINE (1)

#define MICROPY_CAMERA_MODEL_AI_THINKER (1)
