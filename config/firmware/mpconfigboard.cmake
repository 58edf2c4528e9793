# Read by MicroPython's build for the board; the options stand in CMakeLists.txt.
set(IDF_TARGET esp32)
