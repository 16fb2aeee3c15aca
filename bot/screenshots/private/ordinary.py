"""Words that screens are made of and that name neither a person nor a town, in six languages.

They tell "Name: Main Menu" from "Name: Anna Kowalska", and "Monitoring 24" from a street. Words that people are called
as well (Mark, Page, Bill, Field, Grant, Rose, May, June), and articles that towns begin with, are left out on purpose.

Not here: labels that say what stands beside them (`people`).
"""

import re

_ENGLISH = """
a about above accept accepted access account accounts action actions activate activated activation active activity add
added adding additional address addresses admin administration administrator administrators advanced after agent agents
agreement ai alert alerts alias all allow allowed an analysis analytics and annual any anyone anonymous api app
appearance application applications apply approval approve approved archive archived are area article articles as asap
assign assigned assignee assignment asset assets at attachment attachments attribute attributes attribution audience
audit authentication author authorization auto automatic automatically automation automations available average avatar
away back backend background backup backups badge balance bank banner base based basic batch be before beginning below
beta between billing blank block blocked blog board body bookmark bot bounced branch brand broadcast browse browser
browsers budget bug build bulk bundle business button buttons but by bytes cache calendar call callback calls campaign
campaigns can cancel canceled cancelled cannot canvas capacity caption card cards cart cases catalog categories
category cell center centre certificate change changed changes channel channels chart charts chat check checkbox
checked checklist checkout child choice choose city class clean clear click client clients clipboard clone close closed
cloud cluster code codes collapse collection color colour colours column columns comment comments commit common
communication community companies company compare complete completed component components condition conditions config
configuration configure configured confirm confirmation confirmed connect connected connection connector consent
console contact contacts container containers content contents context continue contract contracts control controls
conversation conversations conversion convert copilot copy core corporation correct cost costs count counter country
county coupon course create created creating creation creator credential credentials credit criteria cron currency
current custom customer customers customize daily dark dashboard dashboards data database databases dataset date dates
day days deactivate deactivated deal deals debit debug decision default defaults definition degraded delete deleted
delivered delivery demo denied department departments dependency deploy deployed deployment deployments description
design desktop destination detail details detected developer developers development device devices diagram dialog
digital direct directory disable disabled disconnect discount discounts disk dismiss display distribution document
documents does domain domains done down download downloads draft drafts drive driver drop duplicate duration dynamic
each early edge edit edited editing editor effective either email emails embed employee employees empty enable enabled
end endpoint endpoints engine engineering english enter enterprise entity entries entry environment environments equals
error errors event events every everyone everything example excluded execute exists exit expand expected expense
expenses experience expired expires expiry explore export exports extension extensions external extra fail failed
failure false family faq fast favorite favorites favourites feature features feed feedback fees female fetch few file
files fill filter filters final finance find finish finished first fixed flag flow folder folders follow following font
footer for forever forgot form format forms forum forward found free frequency from front full function functions
gallery general generate generated get getting given go goal goals google great group groups growth guest guests guide
guides has have header headers headline health height hello help helpdesk her here hidden hide high higher history home
homepage host hosts hour hours how html http https human icon icons id identifier identity idle if ignore image images
import important imported imports in inactive inbox include included income incoming incomplete incorrect index
individual industry info information initial inline input insert insights install installed instance instances
instruction integration integrations interface internal international into invalid inventory invitation invite invited
invoice invoices is issue issues it item items its job journal just kanban keep key keyboard keys keyword keywords
knowledge label labels landing language languages large last later latest launch layout lead leads learn leave left
legal less let level library license licenses light like limit limited limits line link linked links linux list lists
live load loading local locale location locations lock locked log logged login logo logout logs low machine macro mail
mailbox mailing main maintenance male manage managed management manager managers manual mapping maps market marketing
match maximum me measure media medium meeting meetings member members memory mention mentions menu merge message
messages messenger meta metadata method methods metric metrics microsoft middle migration min minimum minor minute
minutes missing mobile mode model models modern modified module modules monitor monitored monitoring month monthly
months more most move much multiple must my n/a name names navigate navigation need network networks never new newest
news newsletter next no node nodes none normal not note notes nothing notice notification notifications now null number
numbers object objects of off office offline old oldest on onboarding once one online only open opened operation
operations operator opportunity optimize option optional options or order orders organisation organisations
organization organizations organize origin original other our out outbound outgoing output overdue overview own owned
owner owners package packages pages paid panel parameter parameters parent part partial participant participants
partner partners password passwords past paste patch path pause paused pay payment payments payroll pending people per
percent percentage performance period permission permissions person personal phone photo photos pick picture pipeline
pipelines pixel place plan planned plans platform play playbook player please plugin plugins point points policies
policy poll pool popular popup portal position post posted posts prefer preference preferences preferred premium preset
press preview previous prices pricing primary print priority privacy private pro process processed processes processing
product production products profile profiles program progress project projects promo promotion prompt properties
property proposal protected protection provider providers proxy public publish published purchase purchases push
quantity quarter queries query queue queues quick quota quote quotes range rate rates rating raw reach read reader
ready real reason recent recipient recipients recommended reconnect record records recover recovery recurring redirect
reference references referral refresh refund refunds region register registered registration reject rejected related
release released releases reload remaining remember reminder reminders remote remove removed rename renew renewal
repeat replace replied reply report reporter reporting reports repositories repository request requested requester
requests required requires reset resolution resolve resolved resource resources response responses restart restore
restrict restricted result results resume retention retry return returns revenue review reviewer reviews revoke revoked
right role roles root route router routes routing row rows rule rules run running runtime same sample sandbox save
saved saving scale scan schedule scheduled schema scope score scores screen screens script scripts search second
seconds secret section sections secure security see segment segments select selected selection self send sender sending
sent sequence serial series server servers service services session sessions set setting settings setup share shared
sharing shipment shipments shipping shop shortcut shortcuts should show side sidebar sign signature signed signup
simple since single site sites size skip slack slug smart snapshot social software sold solution some sort source
sources space spaces special split spreadsheet stack staff stage stages staging standard star start started starter
state statement states statistics stats status step steps still stock stop stopped storage store stores stream street
string structure style subject submission submit submitted subscribe subscriber subscribers subscription subscriptions
subtotal success successful successfully suggested suggestion suggestions suite summary supplier suppliers support
supported survey suspended sync synced synchronize system systems tab table tables tag tags target targets task tasks
tax taxes team teams technical template templates temporary tenant term terms test testing tests text thank thanks that
the their them theme themes then there these they thing this thread threads threshold through ticket tickets time
timeline timeout times timezone tip title titles to today todo toggle token tokens tomorrow tool toolbar tools top
topic topics total totals tour track tracking traffic training transaction transactions transfer transfers translate
translation translations trash trial trigger triggers true try turn tutorial type types unassigned unit units unknown
unlimited unread unsubscribe untitled until up upcoming update updated updates updating upgrade upload uploaded uploads
upon url urls usage use used user username users using vacation valid validate validation value values variable
variables vat vendor vendors verification verified verify version versions very via video videos view viewer views
virtual visibility visible visit visitor visitors volume wait waiting wallet warehouse warning warnings was watch we
web webhook webhooks webinar website websites week weekly weeks welcome what when where which whitelist who why widget
widgets wiki window windows with within without work worker workers workflow workflows workspace workspaces world write
wrong year yearly years yes yesterday you your yours zip zone monday tuesday wednesday thursday friday saturday sunday
january february march july september october november december sir madam friend friends valued aboard anybody somebody
nobody rocket inc ltd llc gmbh corp apple github gitlab zoom okta traefik docker kubernetes android ios macos chrome
firefox safari amount amounts actual attention alpha assistant bar bottom bulkaction bills fields heading facebook
linkedin map namespace port sales twitter helloworld lookup physical plus relay
"""
_GERMAN = """
ein eine einen einer und oder aber mit ohne für von vom zu zum zur im in am an auf aus bei nach über unter vor nicht
kein keine alle alles neu neue neuer neues ihr ihre ihren sie wir uns unser unsere mein meine abbrechen abgelehnt
abgeschlossen abmelden absenden absender adresse aktion aktionen aktiv aktuell allgemein anfrage angebot angebote
anhang anhänge anmelden anmeldung ansicht anwendung anzahl anzeigen artikel aufgabe aufgaben auftrag aufträge ausgabe
auswahl auswählen automatisch bearbeiten bedingungen beispiel benachrichtigungen benutzer bericht berichte beschreibung
bestellung bestellungen betrag betreff bild bilder bitte code datei dateien daten datum details deutsch dokument
dokumente drucken einstellungen eintrag einträge empfänger entwurf ergebnis ergebnisse erstellen erstellt fehler feld
felder fertig firma formular frage fragen freigabe freitag gesamt gespeichert gruppe gruppen herunterladen heute hilfe
hinweis hinzufügen hochladen inhalt kalender karte kategorie kennwort konto konten kontakt kontakte kosten kunde kunden
land lieferung liste löschen meldung menü mitarbeiter mitglied mitglieder mittwoch montag donnerstag dienstag samstag
sonntag morgen gestern nachricht nachrichten name nummer offen ordner ort passwort person preis privat produkt produkte
profil projekt projekte prüfen rechnung rechnungen rolle schließen schritt seite seiten senden server sicherheit
speichern sprache stadt standard startseite status stimme straße suche suchen summe system tabelle tag tage team teilen
termin test thema typ übersicht unternehmen update verlauf version vertrag verwalten verwaltung vorlage vorlagen
warnung weiter wert willkommen woche zahlung zahlungen zeit zeile zurück zusammenfassung januar februar märz juni juli
september oktober november dezember
"""
_FRENCH = """
ou mais avec sans pour par sur sous dans votre vos notre nos mon ma mes ce cette tous toutes accueil accès action
actions activité adresse aide ajouter annuler aperçu appliquer article articles aucun aucune automatique bienvenue
bouton brouillon calendrier catégorie client clients clé code commande commandes commentaire compte comptes
configuration confirmer connexion contact contacts contenu continuer créer créé date demande destinataire détails
document documents données email enregistrer entreprise envoyer erreur équipe étape exemple facture factures fermer
fichier fichiers filtre filtres fonction formulaire général gérer groupe groupes historique image images importer
inconnu informations langue lien liste livraison membre membres menu message messages mettre modèle modifier mot non
nouveau nouvelle numéro objet options paiement paiements panier paramètres partager passe personnel prix produit
produits profil projet projets publier rapport recherche rechercher réinitialiser retour rôle sécurité sélectionner
service statut suivant supprimer système tableau tâche tâches télécharger test titre total tout type utilisateur
utilisateurs valeur valider vendredi lundi mardi mercredi jeudi samedi dimanche version voir
"""
_SPANISH = """
pero con para del sus tus mis este esta todos todas abrir acceso acción acciones activo actualizar añadir administrador
aplicar archivo archivos asunto ayuda bienvenido borrador buscar cambiar cancelar carrito categoría cerrar cliente
clientes clave código configuración confirmar contacto contactos contenido contraseña correo crear cuenta cuentas datos
descargar descripción detalles dirección documento documentos editar ejemplo elegir eliminar empresa enviar envío
equipo error estado factura facturas fecha filtro formulario general grupo grupos guardar hoy idioma imagen importe
información iniciar inicio lista mensaje mensajes miembro miembros modificar ningún ninguna nombre nota notificaciones
nueva nuevo número opciones pago pagos página panel pedido pedidos perfil plan precio privacidad producto productos
proyecto proyectos reserva resultado resumen seguridad seleccionar servicio sesión siguiente sistema soporte tarea
tareas tarjeta tipo todo total usuario usuarios valor ver versión volver lunes martes miércoles jueves viernes sábado
domingo enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
"""
_OTHERS = """
abrir aceitar adicionar ajuda atualizar cancelar cliente clientes conta contas criar dados editar empresa encomenda
enviar erro fechar ficheiro fatura guardar início mensagem nome novo pagamento pedido página perfil pesquisar produto
relatório salvar segurança senha sistema tarefa utilizador usuário voltar conferma accesso account aggiungi aiuto
annulla azienda benvenuto cerca chiudi clienti contatti crea dati elimina errore esci fattura fatture gestione
impostazioni indirizzo invia lingua messaggio messaggi modifica notifica nuovo ordine ordini pagina prodotti progetto
riepilogo salva scarica sicurezza stato utente utenti annuleren beheer bestelling bestellingen bewerken factuur
gebruiker gebruikers instellingen klant klanten opslaan toevoegen verwijderen wachtwoord zoeken overzicht welkom anuluj
dodaj edytuj faktura faktury klient klienci konto lista nazwa nowy nowe pomoc produkt produkty projekt szukaj
ustawienia usuń użytkownik wiadomość wyloguj zaloguj zamówienie zamówienia zapisz hasło
"""
_WORDS = frozenset(" ".join((_ENGLISH, _GERMAN, _FRENCH, _SPANISH, _OTHERS)).split())
_ENDS = ".,:;!?*()[]{}<>\"'’…•–—-/"


def ordinary(word: str) -> bool:
    """Whether `word` is one of a screen's own words, whatever its case and the signs around it."""
    bare = word.strip(_ENDS).casefold()
    return bare in _WORDS or bare.removesuffix("'s").removesuffix("’s") in _WORDS


def proper(text: str) -> str:
    """`text` up to the first of its capitalised words that is a screen's own, without what joins it to the rest."""
    for word in re.finditer(r"[^\s,]+", text):
        if not word[0][0].islower() and ordinary(word[0]):
            return re.sub(r"(?:[\s,]+[a-zà-ÿ]+)*[\s,]*$", "", text[: word.start()])
    return text.rstrip(" ,")
