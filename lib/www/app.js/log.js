// The log, and commands

async function showLog() {
  const pre = $("lines");
  const atEnd = pre.scrollTop + pre.clientHeight > pre.scrollHeight - 30;
  pre.textContent = (await api("log")).lines.map(({ line }) => line).join("\n");
  if (atEnd) pre.scrollTop = pre.scrollHeight;
}

async function runCommand(event) {
  event.preventDefault();
  const [command, ...rest] = $("line").value.trim().split(" ");
  if (!command) return;
  $("reply").hidden = false;
  try {
    const response = await api("command", { command, argument: rest.join(" ") });
    $("reply").textContent = response.reply || "(empty)";
  } catch (error) {
    $("reply").textContent = error.message;
  }
}
