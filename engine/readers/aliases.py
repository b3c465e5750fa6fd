"""What the columns of a ledger are called, system by system and language by language.

Each meaning has tiers: a header of an earlier tier beats one of a later ("Customer No" beats "Account", which
in some systems is an account of the general ledger). Two columns in one tier are an ambiguity, never a guess.
Headers are written as `normal` makes them, divided by "·".
"""

from __future__ import annotations

from collections.abc import Mapping

LEDGER: Mapping[str, tuple[str, ...]] = {
    "account": (
        "customer no·customer number·customer id·customer code·cust no·cust id·cust code·account no·"
        "account number·account code·account ref·a c·acct·acct no·kunnr·client id·client no·"
        "client number·client code·debtor no·debtor id·debtor code·party code·party id·"
        "contact account number·customer account·kundennr·kundennummer·kunden nr·debitor nr·"
        "debitorennr·debitorennummer·debitorenkonto·debitor·no client·n client·numero "
        "client·numero de client·"
        "code client·compte client·id client·compte auxiliaire·id cliente·codigo cliente·"
        "codigo de cliente·codigo do cliente·no cliente·num cliente·numero cliente·numero de cliente·"
        "codice cliente·cod cliente·conto cliente·klantnummer·klantnr·klant nr·klantcode·"
        "debiteurnummer·debiteurnr·debiteur nr·debiteurennummer",
        "customer·client·party·partner·debtor·kunde·cliente·klant·relatie·debiteur·geschaftspartner·"
        "tiers·sacado·devedor",
        "account·konto·compte·cuenta·conta·conto·rekening",
    ),
    "name": (
        "customer name·cust name·client name·name·party name·party s name·company·company name·"
        "account name·contact name·debtor name·name 1·name1·kundenname·name des kunden·firma·"
        "debitorenname·nom·nom client·nom du client·raison sociale·nombre·nombre cliente·"
        "nombre del cliente·razon social·nome·nome cliente·nome do cliente·razao social·"
        "ragione sociale·denominazione·naam·klantnaam·bedrijfsnaam·cardname·orgname·org name",
    ),
    "item": (
        "document number·document no·doc no·doc number·doc num·invoice number·invoice no·invoice num·"
        "invoice id·inv no·inv number·num·voucher no·voucher number·ref no·belnr·entry·"
        "transaction number·transaction no·belegnr·belegnummer·beleg nr·rechnungsnr·rechnungsnummer·"
        "rechnung nr·re nr·rg nr·dokumentnummer·numero de document·no document·numero document·"
        "numero de piece·no piece·numero piece·n piece·numero de facture·no facture·n facture·"
        "numero facture·piece·numero de documento·no documento·numero documento·num documento·"
        "numero de factura·no factura·n factura·num factura·numero factura·documento·"
        "numero da fatura·numero fatura·numero da nota·nota fiscal·numero do documento·"
        "numero do titulo·titulo·no titulo·numero fattura·n fattura·num fattura·numero doc·"
        "n documento·fattura n·documentnummer·factuurnummer·factuurnr·factuur nr·boekstuknummer·"
        "boekstuk",
        "invoice·document·rechnung·beleg·facture·factura·fatura·fattura·factuur·billing document",
        "no·number·ref·reference·nr·numero·n",
    ),
    "date": (
        "document date·doc date·invoice date·inv date·bldat·issue date·date of invoice·bill date·"
        "billing date·transaction date·trans date·tx date·belegdatum·rechnungsdatum·re datum·"
        "ausstellungsdatum·date de facture·date facture·date de piece·date piece·date du document·"
        "date document·date d emission·date emission·fecha de factura·fecha factura·fecha documento·"
        "fecha de documento·fecha del documento·fecha de emision·fecha emision·data de emissao·"
        "data emissao·data da fatura·data fatura·data do documento·data documento·"
        "data emissao documento·data de emissao documento·data fattura·data del documento·"
        "data di emissione·data doc·factuurdatum·documentdatum·boekdatum",
        "date·datum·fecha·data·dt",
        "posting date·budat·buchungsdatum·date comptable·fecha contable·data de lancamento·"
        "data registrazione·boekingsdatum",
    ),
    "due": (
        "due date·due on·due·date due·net due date·netdt·net due·payment due·payment due date·"
        "maturity·maturity date·falligkeit·falligkeitsdatum·fallig am·fallig·nettofalligkeit·"
        "falligkeit netto·zahlbar bis·date d echeance·date echeance·echeance·date d echeance nette·"
        "echeance nette·vencimiento·fecha de vencimiento·fecha vencimiento·fecha vto·vto·vencimento·"
        "data de vencimento·data vencimento·data do vencimento·data vencimento documento·scadenza·"
        "data scadenza·data di scadenza·vervaldatum·netto vervaldatum·vervaldag",
    ),
    "amount": (
        "invoice amount·invoiced amount·original amount·invoice total·total amount·amount·"
        "gross amount·gross·opening amount·rechnungsbetrag·betrag·bruttobetrag·ursprungsbetrag·"
        "montant·montant ttc·montant facture·montant de la facture·montant initial·importe·"
        "importe factura·importe original·importe total·monto·valor·valor original·valor da fatura·"
        "valor fatura·valor do titulo·valor documento·importo·importo fattura·importo originale·"
        "totale fattura·bedrag·factuurbedrag·oorspronkelijk bedrag",
        "invoice grand total",
    ),
    "open": (
        "open balance·open amount·outstanding amount·outstanding·outstanding balance·amount due·"
        "balance due·pending amount·amount outstanding·amount open·residual·remaining amount·"
        "due local·open·subt open bal·unpaid amount·offener betrag·offen·restbetrag·offener saldo·"
        "offener posten·op betrag·saldo offen·montant du·solde du·reste du·reste a payer·"
        "solde ouvert·montant ouvert·montant restant·restant du·importe pendiente·saldo pendiente·"
        "pendiente·importe abierto·monto pendiente·valor a pagar·valor em aberto·saldo em aberto·"
        "em aberto·valor pendente·valor aberto·valor a receber·saldo devedor·importo aperto·"
        "saldo aperto·residuo·importo residuo·da pagare·importo dovuto·scoperto·openstaand bedrag·"
        "openstaand·openstaand saldo·restbedrag·saldo openstaand",
        "amount in local currency·amount in doc curr·amount in document currency·amount in loc curr·"
        "dmbtr·wrbtr·betrag in hauswahrung·betrag in belegwahrung·betrag in hw·"
        "betrag in lokaler wahrung·montant en devise locale·montant en devise interne·"
        "montant en devise piece·bedrag in lokale valuta·importe en moneda local·importe en ml·"
        "montante em moeda interna·importo in divisa locale·importo in divisa interna",
        "balance·saldo·solde",
        "total·gesamt·totale·totaal",
    ),
    "currency": (
        "currency·currency code·document currency·doc currency·curr·ccy·waers·transaction currency·"
        "wahrung·belegwahrung·wahr·devise·devise piece·monnaie·moneda·divisa·moeda·valuta·muntsoort·"
        "munt",
    ),
    "kind": (
        "type·transaction type·document type·doc type·txn type·voucher type·blart·trans type·"
        "belegart·art·typ·type de piece·type piece·type de document·tipo·tipo de documento·"
        "tipo documento·tipo de transaccion·tipo transaccion·tipo do documento·tipo di documento·"
        "documentsoort·soort·type document",
    ),
    "indicator": (
        "debit credit ind·debit credit indicator·debit credit·shkzg·d c·dr cr·soll haben·s h·sens",
    ),
    "po": (
        "po·p o·po no·p o no·po number·p o number·purchase order·purchase order no·"
        "purchase order number·customer po·customer po number·customer lpo·bestellnummer·bestellnr·"
        "bestell nr·numero de commande·no commande·bon de commande·numero de pedido·pedido·"
        "orden de compra·numero do pedido·pedido de compra·ordine·numero ordine·bestelnummer·"
        "inkooporder",
    ),
    "reference": (
        "reference·invoice reference·your reference·customer reference·xblnr·referenz·referencia·"
        "referencia do cliente·riferimento·referentie·kenmerk",
        "assignment·zuonr·zuordnung·affectation·asignacion·toewijzing",
    ),
    "terms": (
        "terms·payment terms·terms of payment·payment term·zterm·zahlungsbedingung·"
        "zahlungsbedingungen·zahlungsziel·conditions de paiement·condition de paiement·"
        "delai de paiement·condiciones de pago·condicion de pago·condicoes de pagamento·"
        "condicao de pagamento·prazo·condizioni di pagamento·termini di pagamento·betalingsconditie·"
        "betalingstermijn·betalingsvoorwaarden",
    ),
    "text": (
        "text·memo·description·details·remarks·note·notes·latest note·sgtxt·ref label·comment·"
        "comments·buchungstext·bemerkung·beschreibung·libelle·texte·commentaire·texto·descripcion·"
        "observaciones·concepto·descricao·historico·observacao·descrizione·causale·omschrijving·"
        "opmerking",
    ),
    "disputed": (
        "disputed·in dispute·dispute·reklamiert·strittig·reklamation·litige·en litige·disputado·"
        "en disputa·reclamado·contestado·em disputa·contestato·in contestazione·betwist·in geschil",
    ),
    "statement": (
        "statement date·kontoauszugsdatum·date de releve·fecha de extracto·data do extrato·"
        "data estratto conto",
    ),
    "rate": (
        "exchange rate·fx rate·conversion rate·wechselkurs·umrechnungskurs·taux de change·"
        "tipo de cambio·taxa de cambio·tasso di cambio·wisselkoers",
    ),
    "paid_on": (
        "paid on·payment date·paid date·date paid·settled date·settlement date·cleared on·"
        "clearing date·augdt·clear date·zahlungsdatum·bezahlt am·zahldatum·ausgleichsdatum·"
        "date de paiement·date de reglement·date paiement·paye le·fecha de pago·fecha pago·"
        "fecha de cobro·data de pagamento·data pagamento·data do pagamento·data di pagamento·"
        "data incasso·betaaldatum·betaald op",
    ),
    "arrears": (
        "arrears after net due date·arrears by net due date·overdue by days·age·age days·aging·"
        "ageing·days late·days overdue·days past due·achterstand na vervaldatum·"
        "arrieres apres echeance·tage uberfallig·verzugstage·jours de retard·dias de atraso·"
        "dias vencidos·giorni di ritardo",
    ),
    "email": (
        "email·e mail·e mail address·email address·courriel·correo·correo electronico·posta elettronica·mail",
    ),
    "phone": (
        "phone·telephone·tel·phone number·telefon·telefono·telefone·telefoon·telephone number",
        "mobile·handy·movil·celular·mobiel",
    ),
    "contact": (
        "primary person·contact·contact person·attention·customer contact·ansprechpartner·"
        "personne de contact·persona de contacto·contacto·pessoa de contato·contato·referente·"
        "contactpersoon",
    ),
}

MASTER: Mapping[str, tuple[str, ...]] = {
    "account": LEDGER["account"],
    "name": LEDGER["name"],
    "segment": (
        "segment·customer segment·class·customer class·customer group·group·category·kundengruppe·"
        "gruppe·groupe client·groupe·categorie·grupo de clientes·grupo cliente·categoria·segmento·"
        "porte·gruppo clienti·klantgroep·contact group",
    ),
    "terms": LEDGER["terms"],
    "country": ("country·country code·land·pays·pais·paese·nazione·land code·landescode·code pays",),
    "language": ("language·lang·sprache·langue·idioma·lingua·taal·language code",),
    "currency": LEDGER["currency"],
    "risk": (
        "risk·risk class·risk category·risk code·risikoklasse·risiko·classe de risque·riesgo·risco·"
        "rischio·risicoklasse",
    ),
    "owner": (
        "owner·account owner·account manager·sales person·salesperson·sales rep·rep·vertreter·"
        "verkaufer·kundenbetreuer·commercial·vendeur·vendedor·comercial·venditore·agente·"
        "accountmanager·verkoper",
    ),
    "legal_form": ("legal form·rechtsform·forme juridique·forma juridica·forma giuridica·rechtsvorm",),
    "industry": (
        "industry·sector·branch·branche·secteur·sector industrial·segmento industrial·settore·setor·"
        "bedrijfstak",
    ),
    "status": ("status·statut·estado·stato·situacao",),
    "time_zone": (
        "time zone·timezone·zeitzone·fuseau horaire·zona horaria·fuso horario·fuso orario·tijdzone",
    ),
    "tags": ("tags·tag·labels",),
    "insolvent": ("insolvent·insolvency·bankrupt·insolvenz·insolvable·insolvente·concurso·failliet",),
    "attorney": ("attorney·lawyer·represented by attorney·anwalt·avocat·abogado·advogado·avvocato·advocaat",),
    "natural_person": (
        "natural person·individual·person·sole trader·naturliche person·privatperson·"
        "personne physique·persona fisica·persona natural·pessoa fisica·flag pf·natuurlijk persoon",
    ),
    "strategic": ("strategic·strategic account·key account·strategisch·strategique·estrategico·strategico",),
    "contract_supply": ("contract supply·supply contract·liefervertrag·contrat de fourniture",),
    "limit": (
        "credit limit·limit·kreditlimit·kreditlimite·limite de credit·encours autorise·"
        "limite de credito·limite di credito·fido·kredietlimiet",
    ),
    "opened": (
        "opened·customer since·account opened·created·created on·date opened·kunde seit·angelegt am·"
        "client depuis·date de creation·cliente desde·fecha de alta·data cadastro·data de cadastro·"
        "cliente dal·klant sinds",
    ),
    "contact": LEDGER["contact"],
    "role": (
        "role·contact role·function·position·rolle·funktion·fonction·rol·cargo·funcao·ruolo·funzione·functie",
    ),
    "email": LEDGER["email"],
    "phone": LEDGER["phone"],
    "address": (
        "address·address 1·address line 1·street·strasse·adresse·adresse 1·rue·direccion·calle·"
        "endereco·rua·indirizzo·via·adres·straat",
    ),
    "address_2": (
        "address 2·address line 2·street 2·adresse 2·adresszusatz·complement d adresse·complemento·adres 2",
    ),
    "address_3": ("address 3·address line 3·street 3·adresse 3·adres 3",),
    "postcode": (
        "postcode·post code·postal code·zip·zip code·plz·postleitzahl·code postal·codigo postal·cep·"
        "cap·cep 2 dig",
    ),
    "city": ("city·town·ort·stadt·ville·ciudad·poblacion·cidade·citta·plaats·stad",),
}

KINDS: Mapping[str, str] = {
    "invoice": (
        "invoice·inv·tax invoice·sales invoice·invoices·bill·rv·dr·ri·si·out invoice·rechnung·"
        "ausgangsrechnung·facture·factura·fatura·fattura·factuur·verkoopfactuur·nota fiscal·"
        "opening balance"
    ),
    "debit_note": (
        "debit note·debit memo·finance charge·statement charge·late fee·lastschriftanzeige·"
        "belastungsanzeige·note de debit·nota de debito·nota di debito·debetnota"
    ),
    "credit_note": (
        "credit note·credit memo·creditmemo·credit·dg·sc·customer credit·credit notes·"
        "adjustment note·refund·gutschrift·avoir·note de credit·nota de credito·nota di credito·"
        "creditnota·creditfactuur·stornorechnung·out refund"
    ),
    "payment": (
        "payment·pmt·dz·receipt·deposit·prepayment·overpayment·customer deposit·customer payment·"
        "payments·sr·on account·payment entry·unapplied payment·zahlung·zahlungseingang·anzahlung·"
        "paiement·reglement·acompte·pago·cobro·anticipo·pagamento·recebimento·adiantamento·incasso·"
        "acconto·betaling·vooruitbetaling"
    ),
    "journal": (
        "journal·journal entry·general journal·gl journal·ab·je·journal voucher·umbuchung·ecriture·"
        "ecriture comptable·operation diverse·asiento·asiento contable·lancamento·registrazione·"
        "giroconto·memoriaal·journaalpost"
    ),
}

TOTALS = (
    "total·totals·grand total·sum·overall total·percentage of total·percents·percent of total·"
    "report total·gesamt·gesamtsumme·summe·endsumme·insgesamt·total general·totaux·somme·total geral·"
    "suma·soma·totale·totale generale·somma·totaal·eindtotaal·totaal generaal"
)
TOTAL_OF = (
    "total for·total of·total·subtotal·sub total·sum of·summe fur·summe·gesamt·zwischensumme·"
    "sous total·total de·total del·total do·total para·subtotaal·subtotale·totale per·totale·totaal·"
    "totaal voor"
)
BUCKETS = (
    "current·not due·not yet due·future·older·due·overdue·over·nicht fallig·alter·alterer·non echu·"
    "courant·plus ancien·corriente·no vencido·mas antiguo·a vencer·vencido·mais antigo·corrente·"
    "non scaduto·piu vecchio·niet vervallen·ouder"
)
YES = "yes·y·true·1·x·ja·j·oui·o·si·s·sim·vero·verdadero·verdadeiro·wahr·vrai·waar"
NO = "no·n·false·0·nein·non·nao·nee·falso·falsch·faux·onwaar"
