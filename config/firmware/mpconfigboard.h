// MicroPython on an AI-Thinker ESP32-CAM, without unused modules, to make room for the camera driver.
#define MICROPY_HW_BOARD_NAME "AI-Thinker ESP32-CAM" // sys.implementation adds " with ESP32"
#define MICROPY_HW_MCU_NAME "ESP32"

#define MICROPY_PY_BLUETOOTH (0)
#define MICROPY_PY_ESPNOW (0)
#define MICROPY_PY_NETWORK_LAN (0)
#define MICROPY_PY_FRAMEBUF (0)
#define MICROPY_PY_MACHINE_I2S (0) // the camera driver uses the peripheral
#define MICROPY_PY_MACHINE_DAC (0)
#define MICROPY_HW_ENABLE_SDCARD (0) // its pins are used for the lamp and the button
#define MICROPY_ENABLE_SOURCE_LINE (1)

#define MICROPY_CAMERA_MODEL_AI_THINKER (1)
