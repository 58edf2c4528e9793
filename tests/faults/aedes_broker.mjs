// Broker aedes on 127.0.0.1: node aedes_broker.mjs AEDES-FOLDER PORT. It ends with its stdin.
import { createServer } from "node:net";
import { pathToFileURL } from "node:url";

const [folder, port] = process.argv.slice(2);
const { Aedes } = await import(pathToFileURL(folder + "/aedes.js"));
const broker = await Aedes.createBroker();
createServer(broker.handle).listen(Number(port), "127.0.0.1");
process.stdin.resume().on("end", () => process.exit());
