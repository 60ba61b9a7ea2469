"""What the simulated customers and employees write: short French sentences, by what happened to them.

Written for the demo; nobody said them.
"""

from types import MappingProxyType

UNHAPPY: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
    {
        "outage_support": (
            "Vingt minutes d'attente, et on me demande de tout recommencer.",
            "Troisième technicien, troisième fois que je redémarre la box.",
            "Personne ne lit ce que j'ai écrit dans le chat.",
            "Toujours pas d'internet, et plus personne au bout du fil.",
        ),
        "billing": (
            "J'ai tout expliqué par mail, au téléphone ils ne voyaient rien.",
            "Une réponse toute faite, à côté de ma question.",
            "La facture est fausse depuis deux mois et on me renvoie la même phrase.",
        ),
        "delivery": (
            "Promis mardi, arrivé le lundi suivant, sans un mot.",
            "J'ai posé une journée pour rien.",
            "Le colis est « en cours » depuis une semaine.",
        ),
        "installation": ("Le technicien n'est jamais venu.", "Rendez-vous décalé trois fois."),
        "cancellation": (
            "Pour partir il faut appeler un numéro payant et se perdre dans les menus.",
            "Souscrire en deux clics, résilier en trois semaines.",
        ),
        "shop": ("On m'a renvoyé vers le téléphone.",),
        "selfcare": ("L'application tourne en rond, j'ai fini par appeler.",),
        "brand": ("On est un numéro de dossier.", "Le service a bien baissé cette année."),
    }
)
HAPPY: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
    {
        "outage_support": ("Réparé en dix minutes, très clair.", "La technicienne savait déjà ce que j'avais essayé."),
        "billing": ("Erreur reconnue et corrigée tout de suite.",),
        "delivery": ("Reçu la veille de la date promise.", "Rien à dire, parfait."),
        "installation": ("Technicien à l'heure, soigneux, il a tout expliqué.",),
        "cancellation": ("On m'a laissé partir poliment, je reviendrai peut-être.",),
        "shop": ("Accueil chaleureux, on m'a écouté.", "Conseil honnête, merci."),
        "selfcare": ("Simple et rapide.",),
        "brand": ("Je les recommande à ma famille.",),
    }
)
STAFF = (
    "On ne voit pas ce que le client a écrit dans le chat, on lui fait tout répéter.",
    "Les clients appellent pour des colis que nous ne savons pas situer.",
    "La consigne est de finir vite, pas de résoudre.",
    "Depuis le nouveau transporteur, les retards s'accumulent.",
)
WALKED = (
    "Parcouru moi-même la résiliation : quatre menus, puis un numéro payant.",
    "Commande passée en tant que client : la date promise n'est écrite nulle part.",
    "Chat ouvert un lundi matin : dix-huit minutes avant un bonjour.",
)
