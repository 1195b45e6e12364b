app_name = "erpnext"
app_title = "ERPNext"
app_publisher = "signflow"
app_description = (
	"A stand-in for trying and testing signflow: DocTypes named and typed as ERPNext's, without its trade"
)
app_email = "signflow@example.com"
app_license = "GPL-3.0-or-later"

after_install = "erpnext.setup.install.after_install"
