"""HRFormer's block and the head in the plainest form, for benchmark_hrformer.py."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mpc_mmseg.models.backbones.hrformer_block import HRFormerBlock
from mpc_mmseg.models.decode_heads.lean_backward import LeanReLU
from mpc_mmseg.models.decode_heads.localization_head import LocalizationHead


class PlainBlock(nn.Module):
    """The equations of `HRFormerBlock`, one after another, with its weights."""

    def __init__(self, block: HRFormerBlock) -> None:
        super().__init__()
        attn, ffn = block.attn, block.ffn
        self.norm1, self.norm2, self.drop_path = (
            block.norm1,
            block.norm2,
            block.drop_path,
        )
        channels = attn.proj.in_features
        self.projections = nn.ModuleList(nn.Linear(channels, channels) for _ in 'qkv')
        parts = zip(self.projections, attn.qkv.weight.chunk(3), attn.qkv.bias.chunk(3))
        for linear, weight, bias in parts:
            linear.weight = nn.Parameter(weight.detach().clone())
            linear.bias = nn.Parameter(bias.detach().clone())
        self.out = attn.proj
        self.table = attn.relative_position_bias_table
        self.index = attn.relative_position_index
        self.heads, self.size = attn.num_heads, attn.window_size
        layers: list[nn.Module] = []
        for conv, norm in (
            (ffn.expand, ffn.norm1),
            (ffn.depthwise, ffn.norm2),
            (ffn.reduce, ffn.norm3),
        ):
            plain = nn.Conv2d(
                conv.in_channels,
                conv.out_channels,
                conv.kernel_size,
                padding=conv.padding,
                groups=conv.groups,
            )
            plain.load_state_dict(conv.state_dict())
            layers += [plain, norm, nn.GELU()]
        self.ffn = nn.Sequential(*layers)

    def attention(self, x: Tensor) -> Tensor:
        """(B, H, W, C) of (B, H, W, C)."""
        b, height, width, c = x.shape
        s = self.size
        down, right = -height % s, -width % s
        top, left = down // 2, right // 2
        x = F.pad(x, (0, 0, left, right - left, top, down - top))
        m, n = x.shape[1] // s, x.shape[2] // s
        x = x.view(b, m, s, n, s, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, s * s, c)
        q, k, v = (
            project(x).view(-1, s * s, self.heads, c // self.heads).transpose(1, 2)
            for project in self.projections
        )
        q = q * (c // self.heads) ** -0.5
        logits = torch.einsum('nhqd,nhkd->nhqk', q, k)
        bias = self.table[self.index.flatten()].view(s * s, s * s, -1)
        weights = (logits + bias.permute(2, 0, 1)[None]).softmax(dim=-1)
        x = torch.einsum('nhqk,nhkd->nhqd', weights, v)
        x = self.out(x.transpose(1, 2).reshape(-1, s * s, c))
        x = x.view(b, m, n, s, s, c).permute(0, 1, 3, 2, 4, 5)
        x = x.reshape(b, m * s, n * s, c)
        return x[:, top : top + height, left : left + width]

    def forward(self, x: Tensor) -> Tensor:
        """Maps (B, C, H, W) of maps (B, C, H, W)."""
        tokens = x.permute(0, 2, 3, 1).contiguous()
        tokens = tokens + self.drop_path(self.attention(self.norm1(tokens)))
        maps = self.norm2(tokens).permute(0, 3, 1, 2).contiguous()
        maps = self.drop_path(self.ffn(maps))
        return tokens.permute(0, 3, 1, 2).contiguous() + maps


class PlainHead(nn.Module):
    """The equations of `LocalizationHead`, with its weights and torch's operations."""

    def __init__(self, head: LocalizationHead) -> None:
        super().__init__()
        layers = [nn.ReLU() if isinstance(m, LeanReLU) else m for m in head.stack]
        self.stack, self.conv_seg = nn.Sequential(*layers), head.conv_seg

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Logits (B, 1, H, W) at the finest map's size from maps (B, C_i, H_i, W_i)."""
        size = maps[0].shape[2:]
        larger = (
            F.interpolate(m, size, mode='bilinear', align_corners=True)
            for m in maps[1:]
        )
        return self.conv_seg(self.stack(torch.cat([maps[0], *larger], dim=1)))
