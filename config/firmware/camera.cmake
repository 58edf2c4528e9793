# micropython-camera-API as a C module of MicroPython, on top of Espressif's esp32-camera.
if(EXISTS ${SOURCES}/micropython-camera-API/src/micropython.cmake)
    include(${SOURCES}/micropython-camera-API/src/micropython.cmake)
else()
    include(${SOURCES}/micropython-camera-API/micropython.cmake)
endif()
set(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py) # the include above sets its own

# esp_camera.h includes img_converters.h of esp32-camera and jpeg_decoder.h of esp_jpeg. The camera
# API adds at most the first folder, because its author's fork of the driver needs no other one. The
# component manager fetches esp_jpeg; if it cannot, esp_jpeg may be in ESP-IDF's own components.
idf_component_get_property(ESP32_CAMERA esp32-camera COMPONENT_DIR)
set(ESP_JPEG ${MICROPY_BOARD_DIR}/managed_components/espressif__esp_jpeg)
if(NOT EXISTS ${ESP_JPEG})
    set(ESP_JPEG $ENV{IDF_PATH}/components/esp_jpeg)
endif()
if(NOT EXISTS ${ESP_JPEG}/include/jpeg_decoder.h)
    message(FATAL_ERROR "esp_jpeg is missing: the component manager did not fetch it")
endif()
target_include_directories(usermod_mp_camera INTERFACE
    ${ESP32_CAMERA}/driver/include
    ${ESP32_CAMERA}/conversions/include
    ${ESP_JPEG}/include
)
micropy_gather_target_properties(usermod_mp_camera) # so that the scan for qstrs finds them, too
