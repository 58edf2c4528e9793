"""Security: retained commands, the camera's access point, what topics tell, a fleet of cameras."""

import json
import queue
import re
import ssl
import subprocess
import time

import paho.mqtt.client as paho
import pytest
from dns_client import resolve
from listener import Listener
from mosquitto import HOST, Mosquitto, free_port, program
from pictures import check
from probe import Probe
from sim import ROOT, TOPIC, Simulator, wait_until

HERE = ROOT / "config" / "mosquitto"
README = (ROOT / "config" / "README.md").read_text()
STAT = f"stat/{TOPIC}/"
DEVICE, GROUP = "DVES_A1B2C3", "esp32-mqtt-cams"
