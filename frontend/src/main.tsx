import { effect } from "@preact/signals";
import { render } from "preact";
import { turnedAway } from "./api";
import { whoAmI } from "./access/me";
import { refused, waitFor } from "./live/link";
import { follow } from "./route";
import { App } from "./shell/App";
import { watchTheme } from "./shell/theme";
import "./style/tokens.css";
import "./style/shell.css";
import "./style/alarm.css";
import "./style/ward.css";
import "./style/pages.css";
import "./style/history.css";
import { language } from "./words/language";

effect(() => {
  document.documentElement.lang = language.value;
});
watchTheme();
follow();
waitFor(whoAmI);
effect(() => {
  const times = turnedAway.value + refused.value;
  if (times) waitFor(whoAmI);
});
const root = document.getElementById("app");
if (root) render(<App />, root);
