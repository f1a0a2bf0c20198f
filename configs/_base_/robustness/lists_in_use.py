# Severities as papers of the field list them (JPEG, blur, noise, gamma, resizing),
# and what people do to photographs besides. Families state their units.
robustness_grid = dict(
    jpeg_quality=[100, 90, 80, 70, 60, 50],
    webp_quality=[90, 70, 50],
    blur_kernel_px=[3, 7, 11, 15, 19],
    blur_sigma_px=[0.5, 1, 2, 4],
    median_kernel_px=[3, 5, 7],
    noise_sd_8bit=[3, 7, 11, 15, 19, 23],
    gamma=[0.7, 0.85, 1.15, 1.3],
    resize_factor=[1.5, 0.78, 0.5, 0.25],
    screenshot_scale=[1, 0.75, 0.5],
    crop_side_share=[0.9, 0.75, 0.5],
    chain=[
        'facebook_like',
        'whatsapp_like',
        'wechat_like',
        'weibo_like',
        'messenger_thumbnail_like',
        'shared_twice_like',
        'resize_factor=0.5+jpeg_quality=70',
    ])
