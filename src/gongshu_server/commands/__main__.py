"""`python -m gongshu_server.commands` is `gongshu`."""

from gongshu_server.commands.main import main

main()
