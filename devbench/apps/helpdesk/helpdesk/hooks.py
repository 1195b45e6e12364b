app_name = "helpdesk"
app_title = "Helpdesk"
app_publisher = "signflow"
app_description = (
	"A stand-in for trying and testing signflow: DocTypes named and typed as Helpdesk's, without its trade"
)
app_email = "signflow@example.com"
app_license = "GPL-3.0-or-later"

after_install = "helpdesk.install.after_install"

has_permission = {"HD Ticket": "helpdesk.permissions.ticket"}
