// What gateways and the server say when an action fails, in French. A program of a gateway may be
// older or newer than this page: words that are not here are shown as they came.

import { language } from "./language";

const FRENCH: readonly (readonly [said: RegExp, french: string])[] = [
  [/^the gateway does not answer: is it online\?$/, "est-elle en ligne ?"],
  [/does not answer: is it online\?/, "est-elle en ligne ?"],
  [/^a command is a JSON object$/, "la commande n’est pas un objet JSON"],
  [/^the heap is too full for this now$/, "sa mémoire est trop pleine pour cela en ce moment"],
  [/^the commands are /, "elle ne connaît pas cette commande"],
  [/^plan is an object like /, "le plan n’a pas la forme attendue"],
  [/^a request code is two hex digits$/, "un code de demande est formé de deux chiffres hexadécimaux"],
  [/^a period is a whole number of milliseconds$/, "une période est un nombre entier de millisecondes"],
  [/^minutes is 1 to 60, or 0 to close it$/, "entre 1 et 60 minutes, ou 0 pour fermer"],
  [/^this board has no WebREPL$/, "cette passerelle n’a pas de WebREPL"],
  [/^no webrepl_password was provisioned$/, "aucun mot de passe WebREPL n’y a été déposé"],
  [/^the program of this gateway is kept by its computer$/, "le programme de cette passerelle est tenu par son ordinateur"],
  [/^a trial of the /, "une version y est déjà à l’essai"],
  [/^no update_key was provisioned$/, "aucune clé de mise à jour n’y a été déposée"],
  [/^a file is not what the manifest says$/, "un fichier n’est pas celui que le manifeste annonce"],
  [/^the bundle is not authentic/, "le paquet n’est pas authentique : fait avec une autre clé, ou altéré"],
  [/^the bundle is (another one than announced|longer than announced)$/, "le paquet n’est pas celui qui était annoncé"],
  [/^(head and size are numbers of bytes|mac is the 64 hex digits)/, "l’annonce du paquet n’a pas la forme attendue"],
  [/^the bundle is too large$/, "le paquet est trop grand"],
  [/^the files are more than /, "le paquet est trop grand"],
  [/^the files are for \.mpy version /, "le paquet est fait pour une autre version de MicroPython"],
  [/^there is no room for it on the flash$/, "il n’y a pas assez de place dans sa mémoire flash"],
  [/^the flash fails: /, "sa mémoire flash est défaillante"],
  [/^this is no bundle/, "ce fichier n’est pas un paquet de mise à jour"],
  [/has not confirmed .* yet; it goes back/, "elle n’a pas encore confirmé la nouvelle version ; sans livraison, elle revient d’elle-même à l’ancienne"],
  [/went away in the middle: repeat the command/, "elle a disparu en cours d’envoi : recommencez, elle reprendra où elle en était"],
];

/** The reason in the reader's language, where there are words for it. */
export function reasonIn(said: string): string {
  if (language.value === "en") return said;
  return FRENCH.find(([pattern]) => pattern.test(said))?.[1] ?? said;
}
