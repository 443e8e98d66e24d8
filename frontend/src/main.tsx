import { effect } from "@preact/signals";
import { render } from "preact";
import { connect } from "./live/link";
import { follow } from "./route";
import { App } from "./shell/App";
import { watchTheme } from "./shell/theme";
import "./style/tokens.css";
import "./style/shell.css";
import "./style/alarm.css";
import "./style/ward.css";
import "./style/pages.css";
import { language } from "./words/language";

effect(() => {
  document.documentElement.lang = language.value;
});
watchTheme();
follow();
connect();
const root = document.getElementById("app");
if (root) render(<App />, root);
