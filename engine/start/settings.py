"""The settings a workspace begins with: a made-up company, its people, and where things are."""

from __future__ import annotations

IGNORED = """\
dunwell.db*
out/
*.password
.set-up/
"""

MADE_UP = "Fernhollow Supply Co."  # the company of the sample: nobody's

SETTINGS = """\
# Who we are, who works here, and where things are. Every setting: dunwell help settings

[company]                       # made up: write your own
name = "Fernhollow Supply Co."
address = ["400 Fernhollow Road", "Dayton, OH 45402"]
email = "accounts@fernhollow.example"
phone = "+1 202 555 0100"
pay = ["Fernhollow Supply Co., account 000123456", "Please name the invoice numbers"]
pay_url = "https://pay.fernhollow.example"
disputes = "disputes@fernhollow.example"

[workspace]
name = "Credit"
zone = "America/New_York"       # of the office, and of customers whose own is unknown

[database]
url = "sqlite:///dunwell.db"

# [mail]                        # without a mail server, messages go to the folder "out"
# host = "smtp.example.com"
# user = "accounts"
# password_file = "mail.password"
# from = "accounts@example.com"

[people.mchen]
name = "M. Chen"
roles = ["credit manager", "dispute owner"]
email = "m.chen@fernhollow.example"
phone = "+1 202 555 0101"

[people.rkim]
name = "R. Kim"
roles = ["supervisor"]
email = "r.kim@fernhollow.example"
phone = "+1 202 555 0102"
calls = 15                      # a day

[people.jortiz]
name = "J. Ortiz"
roles = ["collector", "peer"]
email = "j.ortiz@fernhollow.example"
phone = "+1 202 555 0103"
calls = 30

[people.apatel]
name = "A. Patel"
roles = ["collector", "peer"]
email = "a.patel@fernhollow.example"
phone = "+1 202 555 0104"
calls = 30

[people.lgrant]
name = "L. Grant"
roles = ["account owner"]
email = "l.grant@fernhollow.example"
phone = "+1 202 555 0105"

[people.svega]
name = "S. Vega"
roles = ["account owner"]
email = "s.vega@fernhollow.example"
phone = "+1 202 555 0106"

[people.tbauer]
name = "T. Bauer"
roles = ["account owner"]
email = "t.bauer@fernhollow.example"
phone = "+1 202 555 0107"

[documents]                     # where the copy of an invoice is
"*" = "copies/{number}.pdf"

"""

SAMPLE_LEDGER = """\
[ledger]
profile = "ledger"              # profiles/ledger.toml says how the export is read
customers_profile = "customers"
currency = "USD"
"""

EMPTY = """\
# Who we are, who works here, and where things are. Every setting: dunwell help settings
# The desk asks for what is needed: dunwell serve

[company]

[workspace]

[database]
url = "sqlite:///dunwell.db"

[ledger]
"""

OWN_LEDGER = """\
[ledger]
# profile = "ledger"            # “dunwell import --propose FILE” proposes one for your export
currency = "USD"
"""
