"""Texts that the server makes, in English and French.

Alarms are explained by the names that the code tables give them (medibus.md): the device's
abbreviation written out, nothing more. A name that is not here stays unexplained.
"""

# The title of each type of problem.
PROBLEMS = {
    "bad-request": {"en": "The request is not right", "fr": "La requête n'est pas correcte"},
    "sign-in-needed": {"en": "Sign in first", "fr": "Connectez-vous d'abord"},
    "wrong-password": {
        "en": "Wrong user or password",
        "fr": "Nom d'utilisateur ou mot de passe incorrect",
    },
    "wrong-link": {
        "en": "The link is not valid any more",
        "fr": "Le lien n'est plus valable",
    },
    "weak-password": {"en": "The password is too weak", "fr": "Le mot de passe est trop faible"},
    "no-role": {"en": "Not permitted", "fr": "Non autorisé"},
    "csrf": {"en": "The page is out of date", "fr": "La page n'est plus à jour"},
    "cross-site": {"en": "Not for other sites", "fr": "Réservé à ce site"},
    "not-found": {"en": "Not found", "fr": "Introuvable"},
    "method-not-allowed": {"en": "Not possible here", "fr": "Impossible ici"},
    "conflict": {"en": "It does not fit", "fr": "Incompatible"},
    "overlap": {
        "en": "Another assignment holds this time",
        "fr": "Une autre affectation occupe cette période",
    },
    "name-taken": {"en": "The name is taken", "fr": "Ce nom est déjà pris"},
    "last-administrator": {
        "en": "Somebody has to administer",
        "fr": "Il faut au moins un administrateur",
    },
    "too-large": {"en": "Too large", "fr": "Trop grand"},
    "not-json": {"en": "JSON is expected", "fr": "Du JSON est attendu"},
    "wrong-host": {"en": "Wrong address", "fr": "Mauvaise adresse"},
    "too-many-tries": {"en": "Too many tries", "fr": "Trop de tentatives"},
    "no-broker": {"en": "No connection to the broker", "fr": "Pas de connexion au broker"},
    "server-failed": {"en": "The server failed", "fr": "Le serveur a échoué"},
    "unavailable": {"en": "Not available now", "fr": "Indisponible pour le moment"},
}

# Roles, where a text names one.
ROLES_FR = {"view": "voir", "operate": "opérer", "administer": "administrer"}

# What is wrong with a member of a request, by pydantic's stable types; `{…}` are its own figures.
# English takes pydantic's own words. A type that is not here is told by `INVALID_FR`.
INVALID_FR = "n'a pas la forme attendue"
INVALID = {
    "missing": "manque",
    "extra_forbidden": "n'est pas connu ici",
    "string_type": "doit être un texte",
    "string_too_short": "doit avoir au moins {min_length} caractère(s)",
    "string_too_long": "doit avoir au plus {max_length} caractères",
    "string_pattern_mismatch": "contient un caractère qui n'est pas permis, ou est trop long",
    "int_type": "doit être un nombre entier",
    "int_parsing": "doit être un nombre entier",
    "int_from_float": "doit être un nombre entier",
    "float_type": "doit être un nombre",
    "float_parsing": "doit être un nombre",
    "bool_type": "doit être vrai ou faux",
    "greater_than_equal": "doit être au moins {ge}",
    "less_than_equal": "doit être au plus {le}",
    "literal_error": "doit être l'un de {expected}",
    "list_type": "doit être une liste",
    "dict_type": "doit être un objet",
    "too_long": "a plus de {max_length} éléments",
}

# What an alarm's name says, by that name.
ALARMS = {
    "air_heater_inoperable": {
        "en": "Air heater inoperable",
        "fr": "Chauffage de l'air hors service",
    },
    "air_temperature_error": {
        "en": "Air temperature error",
        "fr": "Erreur de température de l'air",
    },
    "air_temperature_high": {"en": "Air temperature high", "fr": "Température de l'air élevée"},
    "air_temperature_low": {"en": "Air temperature low", "fr": "Température de l'air basse"},
    "ambient_temperature_error": {
        "en": "Ambient temperature error",
        "fr": "Erreur de température ambiante",
    },
    "check_hood": {"en": "Check the hood", "fr": "Vérifier le capot"},
    "check_patient": {"en": "Check the patient", "fr": "Vérifier le patient"},
    "check_water": {"en": "Check the water", "fr": "Vérifier l'eau"},
    "check_weaning": {"en": "Check the weaning", "fr": "Vérifier le sevrage"},
    "fan_error": {"en": "Fan error", "fr": "Erreur du ventilateur"},
    "humidity_inoperable": {"en": "Humidity inoperable", "fr": "Humidité hors service"},
    "humidity_low": {"en": "Humidity low", "fr": "Humidité basse"},
    "internal_temperature_high": {
        "en": "Internal temperature high",
        "fr": "Température interne élevée",
    },
    "loss_of_data": {"en": "Loss of data", "fr": "Perte de données"},
    "mattress_heater_inoperable": {
        "en": "Mattress heater inoperable",
        "fr": "Chauffage du matelas hors service",
    },
    "mattress_temperature_error": {
        "en": "Mattress temperature error",
        "fr": "Erreur de température du matelas",
    },
    "mattress_temperature_high": {
        "en": "Mattress temperature high",
        "fr": "Température du matelas élevée",
    },
    "mattress_temperature_low": {
        "en": "Mattress temperature low",
        "fr": "Température du matelas basse",
    },
    "no_confirmation": {"en": "No confirmation", "fr": "Pas de confirmation"},
    "no_oxygen": {"en": "No oxygen", "fr": "Pas d'oxygène"},
    "oxygen_high": {"en": "Oxygen high", "fr": "Oxygène élevé"},
    "oxygen_low": {"en": "Oxygen low", "fr": "Oxygène bas"},
    "oxygen_module_inoperable": {
        "en": "Oxygen module inoperable",
        "fr": "Module d'oxygène hors service",
    },
    "oxygen_sensor_error": {"en": "Oxygen sensor error", "fr": "Erreur du capteur d'oxygène"},
    "radiant_warmer_inoperable": {
        "en": "Radiant warmer inoperable",
        "fr": "Chauffage radiant hors service",
    },
    "sensor_module_error": {"en": "Sensor module error", "fr": "Erreur du module de capteurs"},
    "skin_temperature_central_error": {
        "en": "Central skin temperature error",
        "fr": "Erreur de température cutanée centrale",
    },
    "skin_temperature_central_high": {
        "en": "Central skin temperature high",
        "fr": "Température cutanée centrale élevée",
    },
    "skin_temperature_central_low": {
        "en": "Central skin temperature low",
        "fr": "Température cutanée centrale basse",
    },
    "skin_temperature_difference_high": {
        "en": "Skin temperature difference high",
        "fr": "Écart de température cutanée élevé",
    },
    "skin_temperature_difference_low": {
        "en": "Skin temperature difference low",
        "fr": "Écart de température cutanée bas",
    },
    "skin_temperature_peripheral_error": {
        "en": "Peripheral skin temperature error",
        "fr": "Erreur de température cutanée périphérique",
    },
    "skin_temperature_peripheral_high": {
        "en": "Peripheral skin temperature high",
        "fr": "Température cutanée périphérique élevée",
    },
    "skin_temperature_peripheral_low": {
        "en": "Peripheral skin temperature low",
        "fr": "Température cutanée périphérique basse",
    },
    "speaker_failed": {"en": "Speaker failed", "fr": "Haut-parleur en panne"},
    "spo2_desaturation": {"en": "SpO2 desaturation", "fr": "Désaturation SpO2"},
    "spo2_error": {"en": "SpO2 error", "fr": "Erreur SpO2"},
    "spo2_high": {"en": "SpO2 high", "fr": "SpO2 élevée"},
    "spo2_interference": {"en": "SpO2 interference", "fr": "Interférence SpO2"},
    "spo2_low": {"en": "SpO2 low", "fr": "SpO2 basse"},
    "spo2_pulse_high": {"en": "SpO2 pulse high", "fr": "Pouls SpO2 élevé"},
    "spo2_pulse_low": {"en": "SpO2 pulse low", "fr": "Pouls SpO2 bas"},
    "spo2_sensor_disconnected": {"en": "SpO2 sensor disconnected", "fr": "Capteur SpO2 déconnecté"},
    "spo2_sensor_expires_soon": {
        "en": "SpO2 sensor expires soon",
        "fr": "Capteur SpO2 bientôt périmé",
    },
    "system_fault": {"en": "System fault", "fr": "Défaut du système"},
    "warm_up_done": {"en": "Warm-up done", "fr": "Préchauffage terminé"},
    "water_low": {"en": "Water low", "fr": "Niveau d'eau bas"},
    "weaning_done": {"en": "Weaning done", "fr": "Sevrage terminé"},
    "weaning_failed": {"en": "Weaning failed", "fr": "Échec du sevrage"},
}
