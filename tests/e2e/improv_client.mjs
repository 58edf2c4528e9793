// Runs calls of the Improv SDK over a serial port: node improv_client.mjs SDK-FOLDER PORT
//
// Each line of stdin is {"call": method, "args": [...]}; the answer on stdout has its result or its
// error, and the client's state, next URL and the states and errors that the device has reported.
import { openSync } from "node:fs";
import { registerHooks } from "node:module";
import { createInterface } from "node:readline";
import { Readable, Writable } from "node:stream";
import { ReadStream, WriteStream } from "node:tty";
import { pathToFileURL } from "node:url";

registerHooks({
  resolve(name, context, next) { // the SDK is written for bundlers, which add the extension
    return next(/^\.\/.*(?<!\.js)$/.test(name) ? name + ".js" : name, context);
  },
});

const [folder, path] = process.argv.slice(2);
const { ImprovSerial } = await import(pathToFileURL(folder + "/dist/serial.js"));
const port = {
  readable: Readable.toWeb(new ReadStream(openSync(path, "r"))),
  writable: Writable.toWeb(new WriteStream(openSync(path, "w"))),
};
const quiet = () => {};
const client = new ImprovSerial(port, { log: quiet, debug: quiet, error: console.error });
let reported = [];
client.addEventListener("state-changed", (event) => reported.push(["state", event.detail]));
client.addEventListener("error-changed", (event) => reported.push(["error", event.detail]));

for await (const line of createInterface({ input: process.stdin })) {
  const { call, args } = JSON.parse(line);
  const answer = {};
  reported = [];
  try {
    answer.result = await client[call](...args);
  } catch (error) {
    answer.error = String(error);
  }
  console.log(JSON.stringify({ ...answer, state: client.state, url: client.nextUrl, reported }));
}
process.exit(0); // a pending read of the port would keep it running
