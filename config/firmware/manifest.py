# Modules that are frozen into the firmware: MicroPython's start-up code, the application, its
# pages (a module that tools/freezing.py generates) and third-party modules.
include("$(MPY_DIR)/extmod/asyncio")
module("_boot.py", base_path="$(PORT_DIR)/modules", opt=3)
module("flashbdev.py", base_path="$(PORT_DIR)/modules", opt=3)
module("inisetup.py", base_path="$(PORT_DIR)/modules", opt=3)
require("ntptime")
require("ssl")

module("boot.py", base_path="../..")
module("main.py", base_path="../..")
package("aio", base_path="../../lib")
package("app", base_path="../../lib")
package("hal", base_path="../../lib")
package("proto", base_path="../../lib")
package(
    "config",
    ("board.py", "limits.py", "product.py", "boards/ai_thinker.py"),
    base_path="../..",
)
module("frozenpages.py", base_path="../../build/firmware")
package("microdot", base_path="../../build/lib")
package("umqtt", base_path="../../build/lib")
