# micropython-camera-API as a C module; its own manifest must not take the place of ours.
if(EXISTS ${SOURCES}/micropython-camera-API/src/micropython.cmake)
    include(${SOURCES}/micropython-camera-API/src/micropython.cmake)
else()
    include(${SOURCES}/micropython-camera-API/micropython.cmake)
endif()
set(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py)
