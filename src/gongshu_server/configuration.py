"""The node's settings as one table; it makes the reference page and `.env.example`.

Every setting is read from the environment once, when Django starts. Nothing else in the node reads
the environment.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its environment name, its default as text, and what it is for."""

    name: str
    default: str
    help_zh: str
    help_en: str


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "GONGSHU_HOME",
        "var/node",
        "节点目录：数据库、数据湖、存证日志、密钥都在这里",
        "The node's folder: database, lake, ledger and keys",
    ),
    Setting(
        "GONGSHU_DATABASE",
        "",
        "PostgreSQL 连接串（postgresql://用户:口令@主机:端口/库）；留空即用节点目录里的 SQLite",
        "PostgreSQL address; empty means SQLite in the node's folder",
    ),
    Setting(
        "GONGSHU_HOSTS",
        "localhost,127.0.0.1,[::1]",
        "允许访问的主机名，逗号分隔",
        "Host names that may be asked for, separated by commas",
    ),
    Setting(
        "GONGSHU_ORIGIN",
        "gongshu.local/ledger",
        "存证日志的名称（写在每个签名锚点第一行）",
        "The ledger's origin, the first line of every checkpoint",
    ),
    Setting(
        "GONGSHU_REQUEST_DAYS",
        "7",
        "请求标识的保留天数：在此期间重复提交只办理一次，到期删除",
        "Days for which a request's key is remembered: a repeat within them is done once",
    ),
    Setting(
        "GONGSHU_ADDRESS",
        "http://localhost:8610",
        "公众访问本节点的网址，印在文书的二维码里；以 https:// 开头时，Cookie 只走加密连接",
        "The node's public address, printed in the QR codes of forms; with https:// cookies are "
        "sent over encrypted connections only",
    ),
    Setting(
        "GONGSHU_SESSION_IDLE_MINUTES",
        "30",
        "多少分钟没有操作就须重新登录",
        "Minutes without a click after which one signs in again",
    ),
    Setting(
        "GONGSHU_SESSION_HOURS",
        "10",
        "登录后最多多少小时须重新登录",
        "Hours after a sign-in after which one signs in again, whatever was clicked",
    ),
    Setting(
        "GONGSHU_OIDC",
        "",
        "统一身份认证（OpenID Connect）的配置文件（TOML，权限 0600）；留空即不用",
        "File of identity providers (OpenID Connect; TOML, mode 0600); empty means none",
    ),
    Setting(
        "GONGSHU_EMAIL_HOST",
        "",
        "发送通知的邮件服务器；留空即不发邮件，通知只在收件箱",
        "Mail server for notices; empty means that notices stay in the inbox",
    ),
    Setting("GONGSHU_EMAIL_PORT", "465", "邮件服务器端口", "Port of the mail server"),
    Setting(
        "GONGSHU_EMAIL_SECURITY",
        "tls",
        "与邮件服务器的连接：tls、starttls 或 none",
        "Connection to the mail server: tls, starttls or none",
    ),
    Setting("GONGSHU_EMAIL_USER", "", "邮件服务器用户名", "User at the mail server"),
    Setting("GONGSHU_EMAIL_PASSWORD", "", "邮件服务器口令", "Password at the mail server"),
    Setting(
        "GONGSHU_EMAIL_FROM",
        "gongshu@localhost",
        "通知邮件的发件地址",
        "Sender's address of notices",
    ),
    Setting(
        "GONGSHU_EMAIL_DOMAINS",
        "",
        "允许接收通知的邮箱域名，逗号分隔；留空即不限",
        "Domains that may receive notices, separated by commas; empty means any",
    ),
    Setting(
        "GONGSHU_TLS",
        "off",
        "TLS：off（只供本机）、here（节点自己做，须有证书和私钥）、proxy（前面的反向代理做）",
        "TLS: off (this machine only), here (with certificate and key), proxy (done before us)",
    ),
    Setting("GONGSHU_TLS_CERTIFICATE", "", "证书文件（PEM，含中间证书）", "Certificate file (PEM)"),
    Setting("GONGSHU_TLS_KEY", "", "私钥文件（PEM，PKCS#8）", "Private key file (PEM, PKCS#8)"),
    Setting(
        "GONGSHU_HSTS_SECONDS",
        "31536000",
        "浏览器记住“只用 TLS”多少秒；只在启用 TLS 时有效，0 为不要求",
        "How long browsers remember to use TLS alone; only with TLS, 0 for not at all",
    ),
    Setting(
        "GONGSHU_METRICS",
        "local",
        "谁可以读 /metrics：local（本机直接访问，或有权限的凭证）、key（只限凭证）、off（关闭）",
        "Who may read /metrics: local (this machine, or a key), key (keys alone), off",
    ),
    Setting(
        "GONGSHU_LEAST_FREE_MIB",
        "1024",
        "节点目录所在磁盘至少剩余多少 MiB，少于此数 /readyz 报告未就绪",
        "Least free space (MiB) on the node's disk; below it /readyz says not ready",
    ),
    Setting(
        "GONGSHU_LOG",
        "text",
        "日志格式：text（每行一句）、json（每行一个 JSON 对象）或 quiet（只写故障）",
        "Form of the log: text, json (one object a line), or quiet (faults alone)",
    ),
    Setting(
        "GONGSHU_SHARED",
        "../shared",
        "真实数据目录，只有测试和基准用到",
        "Folder of real files, used by tests and benchmarks only",
    ),
)


def value(name: str) -> str:
    """Return the setting's value from the environment, or its default.

    Raises KeyError for a name that is not in the table.
    """
    setting = next((s for s in SETTINGS if s.name == name), None)
    if setting is None:
        raise KeyError(name)
    return os.environ.get(name, setting.default)


def home() -> Path:
    """Return the node's folder as an absolute path."""
    return Path(value("GONGSHU_HOME")).resolve()


def env_example() -> str:
    """Return the text of `.env.example`: every setting with its meaning and default."""
    lines: list[str] = []
    for s in SETTINGS:
        lines += [f"# {s.help_zh}", f"# {s.help_en}", f"{s.name}={s.default}", ""]
    return "\n".join(lines)
