"""Imitations of what social networks do to an upload.

The numbers are chosen here, after the orders of magnitude that the literature
reports; they are measured on no service, services differ by client and change
without notice. A score under them shows how a model bears resizing and compression of
that strength, and nothing about the service itself.
"""

# Name -> chain, as `parse_setting` reads it.
IMITATIONS: dict[str, str] = {
    'facebook_like': 'longest_side_px=2048+jpeg_quality=80',
    'whatsapp_like': 'longest_side_px=1600+jpeg_quality=70',
    'wechat_like': 'longest_side_px=1080+jpeg_quality=65',
    'weibo_like': 'longest_side_px=2048+jpeg_quality=85',
    'messenger_thumbnail_like': 'longest_side_px=640+jpeg_quality=60',
    'shared_twice_like': 'longest_side_px=2048+jpeg_quality=80'
    '+longest_side_px=1600+jpeg_quality=70',
}
