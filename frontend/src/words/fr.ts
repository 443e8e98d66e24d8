// Le français de la page ; mêmes clés que `en.ts`.

import type { Words } from "./en";

const count = (n: number, one: string, many: string) => `${n} ${n < 2 ? one : many}`;

export const fr: Words = {
  name: "Français",
  notice: "Pour information, jamais pour l’alarme.",
  skip: "Aller au contenu",
  unknownTime: "une heure inconnue",
  units: { day: "j" },
  code: (code) => `Code ${code}`,
  nav: {
    label: "Pages",
    ward: "Service",
    alarms: "Alarmes",
    gateways: "Passerelles",
    beds: "Lits",
    admin: "Administration",
  },
  language: "Langue",
  theme: { label: "Apparence", auto: "Comme le système", light: "Jour", dark: "Nuit" },
  link: {
    opening: "Connexion",
    open: "En direct",
    lost: "Non connecté",
    lostTitle: "Pas de données en direct.",
    lostText: (time) => `La connexion au serveur est perdue depuis ${time} ; nouvel essai en cours.`,
    serverTitle: "Le serveur ne reçoit pas de données.",
  },
  empty: {
    title: "Aucune passerelle n’a encore été vue",
    text: "Dès qu’une passerelle envoie son premier enregistrement, son incubateur apparaît ici de lui-même.",
    demo: "Pour découvrir sans matériel, arrêtez ce serveur et lancez",
    real: "Avec un incubateur sur un adaptateur série, lancez",
    nothing: "Rien ne vient ? Cette adresse dit si le serveur reçoit et enregistre :",
  },
  ward: {
    label: "Incubateurs",
    incubator: (name) => `Incubateur ${name}`,
    incubators: (n) => count(n, "incubateur", "incubateurs"),
    notCurrent: (n) => `${n} pas à jour`,
    device: "Appareil pas encore connu",
    noData: "pas de données",
    ago: (time) => `il y a ${time}`,
    set: (value) => `consigne ${value}`,
    noAlarm: "Aucune alarme signalée",
    alarmsUnknown: "Alarmes inconnues",
    alarms: "Alarmes",
    modes: "Modes",
    never: "Pas encore de mesures",
    last: (time) => `Pas à jour : dernière valeur ${time}`,
    order: { label: "Ordre", own: "Mon ordre", urgent: "Par priorité", arrange: "Ranger", done: "Terminé" },
    earlier: (name) => `Avancer ${name}`,
    later: (name) => `Reculer ${name}`,
    moved: (name, place) => `${name} est maintenant en position ${place}`,
    more: (n) => `${n} de plus en dessous`,
    lineUp: "ligne établie",
  },
  incubator: {
    unknown: (name) => `On n’a encore rien reçu de ${name}.`,
  },
  gateways: {
    gateway: (name) => `Passerelle ${name}`,
    state: "État",
    online: "En ligne",
    offline: "Hors ligne",
    stateUnknown: "Inconnu",
    serialLine: "Ligne série",
    line: (state) => `Ligne ${state}`,
    links: { up: "établie", down: "coupée", connecting: "en connexion" },
    clock: "Horloge",
    clocks: { ntp: "réglée par le réseau", rtc: "par sa propre puce", unset: "pas réglée" },
    spool: "En attente",
    records: (n) => count(n, "enregistrement", "enregistrements"),
    since: (time) => `depuis ${time}`,
    device: "Appareil",
    firmware: "Logiciel",
    start: "Démarrage",
    started: (boot, time) => `n° ${boot}, il y a ${time}`,
    lineErrors: "Erreurs de ligne",
    errors: { checksum: "somme de contrôle", timeout: "délai dépassé" },
    none: "aucune",
    memory: "Mémoire libre",
  },
  level: { high: "Haute", medium: "Moyenne", low: "Basse", unknown: "Priorité" },
  levelCount: (n, level) => {
    const one = { high: "haute", medium: "moyenne", low: "basse", unknown: "inconnue" }[level];
    return `${n} ${one}${n < 2 ? "" : "s"}`;
  },
  oddPriority: (text) => `Priorité « ${text} »`,
  alarmCode: (page, code, number) => `page ${page}, code ${code}` + (number ? `, priorité ${number} sur 31` : ""),
  reason: (reason) => {
    switch (reason.kind) {
      case "no_server":
        return "pas de connexion au serveur";
      case "server":
        return `serveur : ${reason.words}`;
      case "gateway_off":
        return "passerelle hors ligne";
      case "connecting":
        return "la ligne se connecte";
      case "line_down":
        return "ligne série coupée : câble, ou incubateur éteint";
      case "behind":
        return `serveur en retard, ${reason.records} enregistrements attendent`;
      case "no_measured":
        return "l’incubateur n’envoie pas de mesures";
      case "silent":
        return "incubateur muet ou éteint";
      case "unknown":
        return "";
    }
  },
};
